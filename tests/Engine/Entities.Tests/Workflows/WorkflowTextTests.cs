using System.Text;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Workflows;

public class WorkflowTextTests
{
    /// <summary>Odd order, unknown members, spellings of numbers and strings that a canonical form would change.</summary>
    private const string Odd = """
        { "zeta": {"b":1,"a":[1.0, 1e2, 0.10]}, "states":{"B":{},"A":{"transitions":[
            {"next":"B","x-color":"gr\u00fcn","name":"go","manual":true,"schedule":null}]} },
          "name" : "odd",  "initialState":"A", "version":"1.3", "note":"ü\/\u0041" }
        """;

    [Fact]
    public async Task Export_OfImported_IsTheSameText()
    {
        var test = new TestCatalog();
        await test.LockedAsync();
        Assert.True((await test.ImportWorkflowsAsync($$"""{"workflows":[{{Odd}},{{Plain("plain")}}],"importMode":"REPLACE"}""")).IsOk);
        var export = (await test.Catalog.ExportWorkflowsAsync(Some.Caller, Some.Model, default)).Value.ToString();
        Assert.Equal($$"""{"entityName":"order","modelVersion":1,"workflows":[{{Odd.Trim()}},{{Plain("plain")}}]}""", export);
    }

    [Fact]
    public async Task Import_OfAnother_LeavesTheTextOfTheFirst()
    {
        var test = new TestCatalog();
        await test.LockedAsync();
        await test.ImportWorkflowsAsync($$"""{"workflows":[{{Odd}}]}""");
        await test.ImportWorkflowsAsync($$"""{"workflows":[{{Plain("other")}}],"importMode":"MERGE"}""");
        var export = (await test.Catalog.ExportWorkflowsAsync(Some.Caller, Some.Model, default)).Value.ToString();
        Assert.Contains(Odd.Trim(), export, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"active":true,"name":"w"}""", """{"active":false,"name":"w"}""")]
    [InlineData("""{"name":"w", "active" : true , "x":{"active":true}}""", """{"name":"w", "active" : false , "x":{"active":true}}""")]
    [InlineData("""{"x":{"active":true},"name":"w"}""", """{"active":false,"x":{"active":true},"name":"w"}""")]
    [InlineData("""{"name":"w","\u0061ctive":true}""", """{"name":"w","\u0061ctive":false}""")]
    [InlineData("""{"name":"w","active":null}""", """{"name":"w","active":false}""")]
    public void SetActive_ChangesThatMemberOnly(string text, string expected)
    {
        var workflow = new WorkflowDefinition { Version = "1.0", Name = "w", InitialState = "A",
            States = new Dictionary<string, StateDefinition>(), Source = Some.Json(text) };
        var changed = WorkflowText.SetActive(workflow, false);
        Assert.Equal((false, expected), (changed.Active, changed.Source?.ToString()));
        Assert.Same(workflow, WorkflowText.SetActive(workflow, true));
    }

    [Fact]
    public async Task Activate_ChangesNothingButTheMember()
    {
        var test = new TestCatalog();
        await test.LockedAsync();
        await test.ImportWorkflowsAsync($$"""{"workflows":[{{Odd}}]}""");
        await test.ImportWorkflowsAsync($$"""{"workflows":[{{Plain("other")}}],"importMode":"ACTIVATE"}""");
        using var export = (await test.Catalog.ExportWorkflowsAsync(Some.Caller, Some.Model, default)).Value.Parse();
        var odd = export.RootElement.GetProperty("workflows")[0];
        Assert.False(odd.GetProperty("active").GetBoolean());
        Assert.Equal(Odd.Trim()[1..], odd.GetRawText()["{\"active\":false,".Length..]);
    }

    [Fact]
    public void Document_OfARandomModel_ReadsBackTheSame() => Seeded.Check(100, random =>
    {
        var text = WorkflowJson.Write(RandomWorkflow.Next(random));
        var model = ModelDocument.New(Some.Model) with { Workflows = [WorkflowJson.Parse(text, allowCycles: true).Value] };
        var written = model.Write();
        Assert.Equal(written.ToString(), ModelDocument.Read(written).Write().ToString());
        Assert.Equal(text, WorkflowText.Of(ModelDocument.Read(written).Workflows[0]));
        Assert.True(JsonGuard.Check(Encoding.UTF8.GetBytes(written.ToString())).IsOk);
    });

    private static string Plain(string name) => $$$$"""{"version":"1.0","name":"{{{{name}}}}","initialState":"A","states":{"A":{}}}""";
}
