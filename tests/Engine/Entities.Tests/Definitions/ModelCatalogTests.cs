using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Definitions;

public class ModelCatalogTests
{
    [Fact]
    public async Task Import_Samples_MergeIntoOneStructure()
    {
        var test = new TestCatalog();
        await test.ImportAsync("""{"name":"a","n":1,"address":{"city":"x"},"tags":["a"],"lines":[{"sku":"s","price":1.5}],"m":[[1]]}""");
        var model = (await test.ImportAsync("""[{"n":"text"},{"lines":[{"price":3000000000}],"empty":[],"none":null}]""")).Value;
        Assert.Equal(StoredModel.Unlocked, model.State);
        Assert.Equal(
            """
            {"$":{"#.address":"OBJECT","#.lines":"OBJECT",".empty[*]":"NULL",".m[*][*]":"INTEGER",".n":"[INTEGER, STRING]",".name":"STRING",".none":"NULL",".tags[*]":"STRING"},
            "$.address":{".city":"STRING"},
            "$.lines[*]":{"#":"ARRAY_ELEMENT",".price":"UNBOUND_DECIMAL",".sku":"STRING"}}
            """.ReplaceLineEndings(""),
            model.ToSimpleView().ToString());
    }

    [Theory]
    [InlineData("1", "INTEGER")]
    [InlineData("1.0", "INTEGER")]
    [InlineData("-2147483649", "LONG")]
    [InlineData("9223372036854775808", "BIG_INTEGER")]
    [InlineData("170141183460469231731687303715884105728", "UNBOUND_INTEGER")]
    [InlineData("1e30", "BIG_INTEGER")]
    [InlineData("0.1", "DOUBLE")]
    [InlineData("12345678901234567.5", "BIG_DECIMAL")]
    [InlineData("0.1234567890123456789", "UNBOUND_DECIMAL")]
    [InlineData("true", "BOOLEAN")]
    public async Task Import_Number_IsClassifiedByValue(string value, string type) =>
        Assert.Equal($$$"""{"$":{".v":"{{{type}}}"}}""", (await new TestCatalog().ImportAsync($$$"""{"v":{{{value}}}}""")).Value.ToSimpleView().ToString());

    [Theory]
    [InlineData("1")]
    [InlineData("[]")]
    [InlineData("[{},1]")]
    [InlineData("{")]
    public async Task Import_NoSample_IsRefused(string sample) =>
        Assert.Contains((await new TestCatalog().ImportAsync(sample)).Error?.Code, new[] { "VALIDATION_FAILED", "INVALID_JSON" });

    [Fact]
    public async Task Import_TooDeepOrWide_IsRefused()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 45)) + "1" + new string('}', 45);
        Assert.Equal("VALIDATION_FAILED", (await new TestCatalog().ImportAsync(deep)).Error?.Code);
        var wide = "{" + string.Join(',', Enumerable.Range(0, 10_001).Select(i => $"\"f{i}\":1")) + "}";
        Assert.Equal("VALIDATION_FAILED", (await new TestCatalog().ImportAsync(wide)).Error?.Code);
    }

    [Fact]
    public async Task Import_PlatformNameOrBadKey_IsRefused()
    {
        var test = new TestCatalog();
        Assert.Equal("FORBIDDEN", (await test.ImportAsync("{}", new ModelKey("strata.deployment", 1))).Error?.Code);
        Assert.Equal("FORBIDDEN", (await test.ImportAsync("{}", new ModelKey("Strata.Model", 1))).Error?.Code);
        Assert.Equal("BAD_REQUEST", (await test.ImportAsync("{}", new ModelKey("", 1))).Error?.Code);
        Assert.Equal("BAD_REQUEST", (await test.ImportAsync("{}", new ModelKey("a", 0))).Error?.Code);
    }

    [Fact]
    public async Task Lifecycle_LockHoldsEntities_UnlockNeedsNone()
    {
        var test = new TestCatalog();
        Assert.Equal("MODEL_NOT_FOUND", (await test.CreateAsync()).Error?.Code);
        await test.ImportAsync("{}");
        Assert.Equal("MODEL_NOT_LOCKED", (await test.CreateAsync()).Error?.Code);
        Assert.Equal("MODEL_ALREADY_UNLOCKED", (await test.Catalog.UnlockAsync(Some.Caller, Some.Model, default)).Error?.Code);
        Assert.Equal(StoredModel.Locked, (await test.Catalog.LockAsync(Some.Caller, Some.Model, default)).Value.State);
        Assert.Equal("MODEL_ALREADY_LOCKED", (await test.Catalog.LockAsync(Some.Caller, Some.Model, default)).Error?.Code);
        Assert.Equal("MODEL_ALREADY_LOCKED", (await test.ImportAsync("{}")).Error?.Code);
        Assert.Equal("MODEL_ALREADY_LOCKED", (await test.Catalog.DeleteAsync(Some.Caller, Some.Model, default)).Error?.Code);

        var entity = (await test.CreateAsync()).Value;
        Assert.Equal("MODEL_HAS_ENTITIES", (await test.Catalog.UnlockAsync(Some.Caller, Some.Model, default)).Error?.Code);
        await test.Engine.DeleteAsync(Some.Caller, null, entity.Id, null, default);
        Assert.Equal(StoredModel.Unlocked, (await test.Catalog.UnlockAsync(Some.Caller, Some.Model, default)).Value.State);
        Assert.Equal("MODEL_NOT_LOCKED", (await test.CreateAsync()).Error?.Code);
        Assert.True((await test.Catalog.DeleteAsync(Some.Caller, Some.Model, default)).IsOk);
        Assert.Equal("MODEL_NOT_FOUND", (await test.CreateAsync()).Error?.Code);
        Assert.Equal("MODEL_NOT_FOUND", (await test.Catalog.DeleteAsync(Some.Caller, Some.Model, default)).Error?.Code);
    }

    [Fact]
    public async Task Create_UnlockedByAnotherServer_IsSeenWhenTheCacheIsStale()
    {
        var time = new FakeTime();
        var one = new TestCatalog(time);
        var other = new TestCatalog(time, one.Log);
        await one.LockedAsync();
        Assert.True((await other.Catalog.GetAsync(Some.Caller, Some.Model, AsOf.Latest, default)).IsOk);
        Assert.NotNull(await other.Definitions.FindAsync(Some.Tenant, Some.Model, default));
        await one.Catalog.UnlockAsync(Some.Caller, Some.Model, default);
        time.Advance(StoredDefinitions.FreshFor);
        Assert.Null(await other.Definitions.FindAsync(Some.Tenant, Some.Model, default));
    }

    [Fact]
    public async Task List_IsPerTenant()
    {
        var test = new TestCatalog();
        await test.ImportAsync("{}", new ModelKey("a", 1));
        await test.ImportAsync("{}", new ModelKey("a", 2));
        Assert.Equal(2, (await test.Catalog.ListAsync(Some.Caller, default)).Value.Count);
        Assert.Empty((await test.Catalog.ListAsync(new(TenantId.New(TimeProvider.System), "user:eve"), default)).Value);
        Assert.Equal(
            "MODEL_NOT_FOUND",
            (await test.Catalog.GetAsync(
                new(TenantId.New(TimeProvider.System), "user:eve"), new ModelKey("a", 1), AsOf.Latest, default)).Error?.Code);
    }

    [Fact]
    public void IdOf_IsUuid5OfNameAndVersionInTheUrlNamespace() => // python3: uuid.uuid5(uuid.NAMESPACE_URL, "order.1")
        Assert.Equal("1794785d-4969-57ca-9b97-14e1c85383dc", StoredModel.IdOf(new ModelKey("order", 1)).ToString());

    [Fact]
    public async Task UniqueKeys_SetWhileUnlocked_HoldForEntities()
    {
        var test = new TestCatalog();
        await test.ImportAsync("""{"email":"a","list":[1]}""");
        async Task<string?> SetAsync(string body) =>
            (await test.Catalog.SetUniqueKeysAsync(Some.Caller, Some.Model, Some.Json(body), default)).Error?.Code;
        Assert.Equal("INVALID_UNIQUE_KEY_DEFINITION", await SetAsync("[]"));
        Assert.Equal("INVALID_UNIQUE_KEY_DEFINITION", await SetAsync("""{"uniqueKeys":[{"id":"k","fields":[]}]}"""));
        Assert.Equal("INVALID_UNIQUE_KEY_DEFINITION", await SetAsync("""{"uniqueKeys":[{"id":"k","fields":["$.unknown"]}]}"""));
        Assert.Equal("INVALID_UNIQUE_KEY_DEFINITION", await SetAsync("""{"uniqueKeys":[{"id":"k","fields":["$.list"]}]}"""));
        Assert.Equal("INVALID_UNIQUE_KEY_DEFINITION", await SetAsync("""{"uniqueKeys":[{"id":"k","fields":["$.email"]},{"id":"k","fields":["$.email"]}]}"""));
        Assert.Null(await SetAsync("""{"uniqueKeys":[{"id":"by-email","fields":["$.email"]}]}"""));
        await test.Catalog.LockAsync(Some.Caller, Some.Model, default);
        Assert.True((await test.CreateAsync("""{"email":"x"}""")).IsOk);
        Assert.Equal("UNIQUE_VIOLATION", (await test.CreateAsync("""{"email":"x"}""")).Error?.Code);
        Assert.Equal("MODEL_ALREADY_LOCKED", await SetAsync("""{"uniqueKeys":[]}"""));
    }

    [Fact]
    public async Task Workflows_ImportModes_MergeReplaceAndActivate()
    {
        var test = new TestCatalog();
        await test.LockedAsync();
        Assert.Equal("WORKFLOW_NOT_FOUND", (await test.Catalog.ExportWorkflowsAsync(Some.Caller, Some.Model, default)).Error?.Code);
        Assert.Equal("a+ b+", Told(await test.ImportWorkflowsAsync($$"""{"workflows":[{{Workflow("a")}},{{Workflow("b")}}]}""")));
        Assert.Equal("a+ b- c+", Told(await test.ImportWorkflowsAsync($$"""{"workflows":[{{Workflow("c")}},{{Workflow("b", active: false)}}],"importMode":"MERGE"}""")));
        Assert.Equal("a- b+ c-", Told(await test.ImportWorkflowsAsync($$"""{"workflows":[{{Workflow("b", active: false)}}],"importMode":"ACTIVATE"}""")));
        Assert.Equal("d+", Told(await test.ImportWorkflowsAsync($$"""{"workflows":[{{Workflow("d")}}],"importMode":"REPLACE"}""")));
        using var exported = (await test.Catalog.ExportWorkflowsAsync(Some.Caller, Some.Model, default)).Value.Parse();
        Assert.Equal("order", exported.RootElement.GetProperty("entityName").GetString());
        Assert.Equal("d", exported.RootElement.GetProperty("workflows")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task Workflows_Imported_GovernTheNextCreate()
    {
        var test = new TestCatalog();
        await test.LockedAsync();
        Assert.Equal("CREATED", (await test.CreateAsync()).Value.State);
        await test.ImportWorkflowsAsync($$"""{"workflows":[{{Workflow("a")}}]}""");
        Assert.Equal("START", (await test.CreateAsync()).Value.State);
    }

    [Theory]
    [InlineData("[]", "VALIDATION_FAILED")]
    [InlineData("{}", "VALIDATION_FAILED")]
    [InlineData("""{"workflows":[{}]}""", "WORKFLOW_SCHEMA_VERSION_UNSUPPORTED")]
    [InlineData("""{"workflows":[],"importMode":"NEVER"}""", "VALIDATION_FAILED")]
    [InlineData("""{"workflows":1}""", "VALIDATION_FAILED")]
    public async Task Workflows_BadImport_IsRefused(string body, string code)
    {
        var test = new TestCatalog();
        await test.LockedAsync();
        Assert.Equal(code, (await test.ImportWorkflowsAsync(body)).Error?.Code);
    }

    [Fact]
    public async Task Import_Concurrently_LosesNothing()
    {
        var test = new TestCatalog();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Task.Run(async () => Assert.True((await test.ImportAsync($$"""{"f{{i}}":1}""")).IsOk))));
        var model = (await test.Catalog.GetAsync(Some.Caller, Some.Model, AsOf.Latest, default)).Value;
        using var view = model.ToSimpleView().Parse();
        Assert.Equal(5, view.RootElement.GetProperty("$").EnumerateObject().Count());
    }

    private static string Workflow(string name, bool active = true) =>
        $$$$"""{"version":"1.0","name":"{{{{name}}}}","initialState":"START","active":{{{{JsonSerializer.Serialize(active)}}}},"states":{"START":{}}}""";

    private static string Told(Result<ModelInfo> model) =>
        string.Join(' ', model.Value.Workflows.Select(w => w.Name + (w.Active ? "+" : "-")));
}
