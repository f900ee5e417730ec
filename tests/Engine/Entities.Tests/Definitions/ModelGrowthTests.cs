using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Definitions;

public class ModelGrowthTests
{
    private readonly TestCatalog test = new();

    [Fact]
    public async Task Create_AtNoLevel_MustFit()
    {
        await test.LockedAsync("""{"price":1,"lines":[{"sku":"a"}]}""");
        var type = (await test.CreateAsync("""{"price":"x","lines":[{"sku":1}],"new":1}""")).Error!;
        Assert.Equal("INCOMPATIBLE_TYPE", type.Code);
        Assert.Equal(("order", "1", "price", "STRING"),
            (type.Details!["entityName"], type.Details["entityVersion"], type.Details["fieldPath"], type.Details["actualType"]));
        Assert.Equal(["INTEGER"], type.Lists!["expectedType"]);
        Assert.Equal(["price", "lines[0].sku", "new"], type.Faults!.Select(fault => fault.Field));
        Assert.Equal("VALIDATION_FAILED", (await test.CreateAsync("""{"new":1}""")).Error?.Code);
        Assert.Equal("VALIDATION_FAILED", (await test.CreateAsync("""{"price":{}}""")).Error?.Code);
        Assert.Equal("VALIDATION_FAILED", (await test.CreateAsync("[]")).Error?.Code);
        Assert.True((await test.CreateAsync("""{"price":null}""")).IsOk);
        Assert.Empty(test.Computation.Calls);
    }

    [Fact]
    public async Task Create_ManyFaults_AreToldShortly()
    {
        await test.LockedAsync();
        var error = (await test.CreateAsync("{" + string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"f{i}\":{i}")) + "}")).Error!;
        Assert.InRange(error.Message.Length, 10, 2_000);
        Assert.Contains("and 19990 more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ARRAY_LENGTH", "{\"tags\":[1]}", false)]
    [InlineData("ARRAY_ELEMENTS", "{\"tags\":[1]}", true)]
    [InlineData("ARRAY_ELEMENTS", "{\"n\":1.5}", false)]
    [InlineData("TYPE", "{\"n\":1.5,\"tags\":[1]}", true)]
    [InlineData("TYPE", "{\"new\":1}", false)]
    [InlineData("STRUCTURAL", "{\"new\":1,\"n\":[1],\"tags\":{\"a\":null}}", true)]
    public async Task Create_AtALevel_GrowsTheModelWithinIt(string level, string document, bool grows)
    {
        await test.LockedAsync("""{"n":1,"tags":["a"]}""");
        Assert.Equal(level, (await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, level, default)).Value.ChangeLevel);
        var before = await ModelAsync();
        var created = await test.CreateAsync(document);
        var after = await ModelAsync();
        Assert.Equal(grows, created.IsOk);
        Assert.Equal(grows ? created.Value.Revision : before.Revision, after.Revision);
        Assert.Equal(StoredModel.Locked, after.State);
        Assert.Equal(grows, before.ToSimpleView() != after.ToSimpleView());
    }

    /// <summary>What a joined request is refused for must not undo what others have made the model grow by.</summary>
    [Fact]
    public async Task Refused_InATransactionThatGoesOn_KeepsWhatOthersNeed()
    {
        await test.LockedAsync("""{"n":1}""");
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "TYPE", default);
        var transaction = await test.Engine.BeginAsync(Some.Caller, default);
        Assert.True((await transaction.CreateAsync(Some.Model, EntityId.New(TimeProvider.System), Some.Json("""{"n":1.5}"""), null, default)).IsOk);
        var savepoint = transaction.Save();
        Assert.True((await transaction.CreateAsync(Some.Model, EntityId.New(TimeProvider.System), Some.Json("""{"n":"text"}"""), null, default)).IsOk);
        transaction.Restore(savepoint);
        Assert.NotNull((await transaction.CreateAsync(Some.Model, EntityId.New(TimeProvider.System), Some.Json("""{"new":1}"""), null, default)).Error);
        transaction.Restore(savepoint);
        Assert.Null((await transaction.CommitAsync(default)).Error);
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "ARRAY_LENGTH", default);
        Assert.True((await test.CreateAsync("""{"n":2.5}""")).IsOk);
        Assert.False((await test.CreateAsync("""{"n":"text"}""")).IsOk);
    }

    [Fact]
    public async Task SetChangeLevel_Unknown_IsRefused()
    {
        await test.LockedAsync();
        var error = (await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "type", default)).Error!;
        Assert.Equal(("INVALID_CHANGE_LEVEL", "type"), (error.Code, error.Details!["suppliedValue"]));
        Assert.Equal("INVALID_CHANGE_LEVEL", (await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "", default)).Error?.Code);
        Assert.Equal(
            "MODEL_NOT_FOUND", (await test.Catalog.SetChangeLevelAsync(Some.Caller, new ModelKey("none", 1), "TYPE", default)).Error?.Code);
    }

    [Fact]
    public async Task Update_Grows_AndAPatchDoesNot()
    {
        await test.LockedAsync("""{"n":1}""");
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "STRUCTURAL", default);
        var id = (await test.CreateAsync("""{"n":1}""")).Value.Id;
        var patched = await test.Engine.UpdateAsync(Some.Caller with { KeepsModels = true }, null, id, _ => Some.Json("""{"m":1}"""), null, null, default);
        Assert.Equal("VALIDATION_FAILED", patched.Error?.Code);
        Assert.True((await test.Engine.UpdateAsync(Some.Caller, null, id, _ => Some.Json("""{"m":1}"""), null, null, default)).IsOk);
        Assert.True((await test.Engine.UpdateAsync(Some.Caller with { KeepsModels = true }, null, id, _ => Some.Json("""{"m":2}"""), null, null, default)).IsOk);
    }

    [Fact]
    public async Task Processor_ThatAddsAField_MustFitToo()
    {
        await test.LockedAsync("""{"n":1}""");
        const string Workflow = """
            {"workflows":[{"version":"1.0","name":"w","initialState":"A","active":true,"states":{"A":{"transitions":[{"name":"go","next":"B","manual":false,
            "processors":[{"type":"externalized","name":"add","executionMode":"SYNC"}]}]},"B":{}}}]}
            """;
        Assert.True((await test.ImportWorkflowsAsync(Workflow)).IsOk);
        test.Computation.Process = (_, _, _) => new((Result<JsonText?>)(JsonText?)Some.Json("""{"n":1,"added":true}"""));
        Assert.Equal("VALIDATION_FAILED", (await test.CreateAsync("""{"n":1}""")).Error?.Code);
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "STRUCTURAL", default);
        Assert.True((await test.CreateAsync("""{"n":1}""")).IsOk);
    }

    [Fact]
    public async Task Create_ByManyAtOnce_EachWithANewField_AllCommit()
    {
        const int Writers = 40;
        await test.LockedAsync("{}");
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "STRUCTURAL", default);
        var other = new TestCatalog(TimeProvider.System, test.Log);
        var created = await Task.WhenAll(Enumerable.Range(0, Writers).Select(i => Task.Run(() => (i % 2 == 0 ? test : other).CreateAsync($$"""{"f{{i}}":{{i}}}"""))));
        Assert.All(created, one => Assert.True(one.IsOk, one.Error?.ToString()));
        using var view = (await ModelAsync()).ToSimpleView().Parse();
        Assert.Equal(Writers, view.RootElement.GetProperty("$").EnumerateObject().Count());
    }

    [Fact]
    public async Task Transaction_OfSeveral_GrowsTheModelOnceInTheSameCommit()
    {
        await test.LockedAsync("{}");
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "STRUCTURAL", default);
        var transaction = await test.Engine.BeginAsync(Some.Caller, default);
        foreach (var document in (string[])["""{"a":1}""", """{"b":1}""", """{"a":"x"}"""])
            Assert.True(
                (await transaction.CreateAsync(Some.Model, EntityId.New(TimeProvider.System), Some.Json(document), null, default)).IsOk);
        var before = await ModelAsync();
        Assert.True((await test.CreateAsync("""{"c":1}""")).IsOk); // meets the transaction's own growth
        var written = (await transaction.CommitAsync(default)).Value;
        Assert.Equal(3, written.Count);
        Assert.All(written, one => Assert.Equal(Some.Model, one.Model));
        Assert.Equal("""{"$":{".a":"[INTEGER, STRING]",".b":"INTEGER",".c":"INTEGER"}}""", (await ModelAsync()).ToSimpleView().ToString());
        Assert.Equal(before.Revision.Value + 2, (await ModelAsync()).Revision.Value);
    }

    [Fact]
    public async Task Create_OnAServerThatKnowsAnOldStructure_LooksAgain()
    {
        await test.LockedAsync("{}");
        var other = new TestCatalog(TimeProvider.System, test.Log);
        Assert.True((await other.CreateAsync()).IsOk);
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "STRUCTURAL", default);
        Assert.True((await test.CreateAsync("""{"a":1}""")).IsOk);
        var revision = (await ModelAsync()).Revision;
        Assert.True((await other.CreateAsync("""{"a":2}""")).IsOk);
        Assert.Equal(revision, (await ModelAsync()).Revision);
    }

    [Fact]
    public async Task Growth_PastTheBounds_IsRefused()
    {
        await test.LockedAsync("{}");
        await test.Catalog.SetChangeLevelAsync(Some.Caller, Some.Model, "STRUCTURAL", default);
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 45)) + "1" + new string('}', 45);
        Assert.Equal("VALIDATION_FAILED", (await test.CreateAsync(deep)).Error?.Code);
        var wide = "{" + string.Join(',', Enumerable.Range(0, 10_001).Select(i => $"\"f{i}\":1")) + "}";
        Assert.Equal("VALIDATION_FAILED", (await test.CreateAsync(wide)).Error?.Code);
        Assert.True((await test.CreateAsync("""{"a":1}""")).IsOk);
    }

    [Fact]
    public async Task Import_OfAnExport_MakesTheSameModel()
    {
        await test.ImportAsync("""{"id":"a","n":[1,2.5],"o":{"p":[{"q":true}]},"odd name":1}""");
        await test.Catalog.SetUniqueKeysAsync(Some.Caller, Some.Model, Some.Json("""{"uniqueKeys":[{"id":"k","fields":["$.id"]}]}"""), default);
        var first = await ModelAsync();
        foreach (var (converter, view) in ((ModelConverter, JsonText)[])[(ModelConverter.SimpleView, first.ToSimpleView()),
            (ModelConverter.JsonSchema, first.ToJsonSchema())])
        {
            foreach (var (name, body) in ((string, string)[])[("bare", view.ToString()), ("whole", $$"""{"currentState":"LOCKED","model":{{view}},"uniqueKeys":[{"id":"k","fields":["$.id"]}]}""")])
            {
                var imported = (
                    await test.Catalog.ImportAsync(
                        Some.Caller, new ModelKey($"{converter}-{name}", 1), converter, Some.Json(body), default)).Value;
                Assert.Equal(first.ToSimpleView(), imported.ToSimpleView());
                Assert.Equal(name == "whole" ? 1 : 0, imported.UniqueKeys.Count);
            }
        }
    }

    [Fact]
    public async Task Validate_Document_TellsWithoutRefusing()
    {
        await test.ImportAsync("""{"n":1}""");
        Assert.Null((await test.Catalog.ValidateAsync(Some.Caller, Some.Model, Some.Json("""{"n":2}"""), default)).Value.Fault);
        Assert.Equal("INCOMPATIBLE_TYPE", (await test.Catalog.ValidateAsync(Some.Caller, Some.Model, Some.Json("""{"n":"2"}"""), default)).Value.Fault?.Code);
    }

    private async Task<ModelInfo> ModelAsync() => (await test.Catalog.GetAsync(Some.Caller, Some.Model, AsOf.Latest, default)).Value;
}
