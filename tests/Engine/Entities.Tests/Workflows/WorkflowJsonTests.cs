using Strata.Core;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Workflows;

public class WorkflowJsonTests
{
    [Fact]
    public void Parse_OfWritten_IsTheSameWorkflow() => Seeded.Check(300, random =>
    {
        var written = WorkflowJson.Write(RandomWorkflow.Next(random));
        Assert.Equal(written.ToString(), WorkflowJson.Write(WorkflowJson.Parse(written, allowCycles: true).Value).ToString());
    });

    [Fact]
    public void Parse_Garbage_IsAnErrorAndNoException() => Seeded.Check(1000, random =>
    {
        var text = WorkflowJson.Write(RandomWorkflow.Next(random)).ToString().ToCharArray();
        for (var i = random.Next(1, 5); i > 0; i--)
            text[random.Next(text.Length)] = random.Pick('"', '{', '}', '[', ']', '0', '$', '\\', ',', ':', 'n', '-');
        var result = WorkflowJson.Parse(JsonText.FromString(new string(text)));
        Assert.True(result.IsOk || result.Error.Code is "INVALID_JSON" or "VALIDATION_FAILED" or "WORKFLOW_SCHEMA_VERSION_UNSUPPORTED");
    });

    [Fact]
    public void Parse_OfAnyJson_IsAnErrorAndNoException() => Seeded.Check(300, random =>
        Assert.False(WorkflowJson.Parse(JsonText.FromString(RandomJson.Value(random, 4)?.ToJsonString() ?? "null")).IsOk));

    [Fact]
    public void Parse_TemplateOfAnOlderClient_IsRead()
    {
        var workflow = WorkflowJson.Parse(Some.Json("""
            {"version":"1.0","name":"pets","initialState":"none","criterion":null,"states":{
              "none":{"transitions":[{"name":"init","next":"new","processors":[{"name":"Init","executionMode":"ASYNC_NEW_TX",
                "config":{"attachEntity":true,"calculationNodesTags":"pets, cats","responseTimeoutMs":3000,"retryPolicy":"EXPONENTIAL"}}]}]},
              "new":{"transitions":[{"name":"sell","next":"sold","manual":true,"criterion":{"type":"function","function":{"name":"canSell","config":{"calculationNodesTags":"pets"}}}}]},
              "sold":{}}}
            """)).Value;
        var processor = workflow.States["none"].Transitions[0].Processors[0];
        Assert.Equal(
            (ExecutionMode.AsyncNewTransaction, TimeSpan.FromSeconds(3)), (processor.ExecutionMode, processor.Config.ResponseTimeout));
        Assert.Equal(["pets", "cats"], processor.Config.Tags);
        Assert.Equal("canSell", workflow.States["new"].Transitions[0].Criterion?.Function?.Name);
        Assert.True(workflow.Active);
    }

    [Fact]
    public void Parse_ManyFaults_NamesEachOffender()
    {
        var error = WorkflowJson.Parse(Some.Json("""
            {"version":"1.0","name":"","initialState":"nowhere","active":"yes","annotations":[],"states":{
              "A":{"transitions":[{"name":"t","next":"B"},{"name":"t","next":"A","manual":true},{"next":"A","manual":1},
                {"name":"s","next":"A","schedule":{}},{"name":"u","next":"A","schedule":{"delayMs":0}},
                {"name":"c","next":"A","criterion":{"type":"simple"},"processors":[{"executionMode":"NEVER"}]}]},
              "":1}}
            """)).Error;
        Assert.Equal("VALIDATION_FAILED", error?.Code);
        string[] offenders =
        [
            "$.name", "$.active", "$.annotations", "$.initialState", "$.states.A.t", "$.states.A.transitions",
            "$.states.A.transitions[2].name", "$.states.A.transitions[2].manual",
            "$.states.A.transitions[3].schedule.delayMs", "$.states.A.transitions[4].schedule.delayMs",
            "$.states.A.transitions[5].criterion.jsonPath",
            "$.states.A.transitions[5].processors[0].name", "$.states.A.transitions[5].processors[0].executionMode", "$.states.",
        ];
        Assert.Subset(error!.Details!.Keys.ToHashSet(), offenders.ToHashSet());
    }

    [Theory]
    [InlineData("\"1.5\"", true)]
    [InlineData("\"1.6\"", false)]
    [InlineData("\"2.0\"", false)]
    [InlineData("\"1.05\"", false)]
    [InlineData("1.0", false)]
    public void Parse_Version_MustBeSupported(string version, bool isOk)
    {
        var result = WorkflowJson.Parse(Some.Json($$$$"""{"version":{{{{version}}}},"name":"w","initialState":"A","states":{"A":{}}}"""));
        Assert.Equal(isOk ? null : "WORKFLOW_SCHEMA_VERSION_UNSUPPORTED", result.Error?.Code);
    }

    [Theory]
    [InlineData("""{"A":{"transitions":[{"name":"x","next":"A"}]}}""", true)]
    [InlineData("""{"A":{"transitions":[{"name":"x","next":"B"}]},"B":{"transitions":[{"name":"x","next":"A"}]}}""", true)]
    [InlineData("""{"A":{"transitions":[{"name":"x","next":"B"}]},"B":{"transitions":[{"name":"x","next":"A","manual":true}]}}""", false)]
    [InlineData("""{"A":{"transitions":[{"name":"x","next":"B"}]},"B":{"transitions":[{"name":"x","next":"A","disabled":true}]}}""", false)]
    [InlineData("""{"A":{"transitions":[{"name":"x","next":"B"}]},"B":{"transitions":[{"name":"x","next":"A","schedule":{"delayMs":1}}]}}""", false)]
    [InlineData("""{"A":{"transitions":[{"name":"x","next":"A","criterion":{"type":"simple","jsonPath":"$.a","operatorType":"IS_NULL"}}]}}""", false)]
    public void Parse_AutomaticCircle_IsRefusedUnlessAllowed(string states, bool isCircle)
    {
        var json = Some.Json($$$$"""{"version":"1.0","name":"w","initialState":"A","states":{{{{states}}}}}""");
        Assert.Equal(isCircle ? "VALIDATION_FAILED" : null, WorkflowJson.Parse(json).Error?.Code);
        Assert.True(WorkflowJson.Parse(json, allowCycles: true).IsOk);
    }

    [Theory]
    [InlineData("""{"type":"function"}""", "function")]
    [InlineData("""{"type":"function","function":{}}""", "function.name")]
    [InlineData("""{"type":"function","function":{"name":"f","criterion":{"type":"function","function":{"name":"g"}}}}""", "function.criterion")]
    [InlineData("{}", "type")]
    public void Parse_BadCriterion_IsNeverTakenForNone(string criterion, string offender) => Assert.Contains(
        $"$.criterion.{offender}",
        WorkflowJson.Parse(Some.Json($$$$"""{"version":"1.0","name":"w","initialState":"A","criterion":{{{{criterion}}}},"states":{"A":{}}}""")).Error!.Details!.Keys);

    [Theory]
    [InlineData("""{"asyncResult":true}""", "asyncResult")]
    [InlineData("""{"crossoverToAsyncMs":5}""", "crossoverToAsyncMs")]
    [InlineData("""{"retryPolicy":"SOMETIMES"}""", "retryPolicy")]
    [InlineData("""{"responseTimeoutMs":-1}""", "responseTimeoutMs")]
    [InlineData("""{"asyncResult":false,"retryPolicy":"LINEAR","responseTimeoutMs":0,"calculationNodesTags":"a,b"}""", null)]
    public void Parse_ConfigOfAProcessor_RefusesWhatWouldBePassedOver(string config, string? offender)
    {
        var error = WorkflowJson.Parse(Some.Json($$$$"""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"t","next":"A","manual":true,"processors":[{"name":"p","executionMode":"","config":{{{{config}}}}}]}]}}}
            """)).Error;
        Assert.Equal(offender is null ? null : $"$.states.A.transitions[0].processors[0].config.{offender}", error?.Details?.Keys.Single());
    }

    [Fact]
    public void Parse_MoreFaultsThanFit_SaysHowMany()
    {
        var states = string.Join(',', Enumerable.Range(0, 60).Select(i => $"\"S{i}\":1"));
        var error = WorkflowJson.Parse(Some.Json($$$$"""{"version":"1.0","name":"w","initialState":"S0","states":{{{{{states}}}}}}""")).Error;
        Assert.EndsWith(" And 10 more.", error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_NamesAndAnnotations_AreBounded()
    {
        static bool IsOk(string name, string annotation) => WorkflowJson.Parse(Some.Json(
            $$$$"""{"version":"1.0","name":"{{{{name}}}}","initialState":"A","states":{"A":{}},"annotations":{"a":"{{{{annotation}}}}"}}""")).IsOk;
        Assert.True(IsOk(new string('n', 256), new string('a', 65_528)));
        Assert.False(IsOk(new string('n', 257), ""));
        Assert.False(IsOk("n", new string('a', 65_529)));
    }
}
