using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Engine;

public class DryRunTests
{
    private const string IfGo = """ "criterion":{"type":"simple","jsonPath":"$.go","operatorType":"EQUALS","value":true}""";

    [Fact]
    public async Task DryRun_OfAnything_TellsWhatThenHappens() => await Seeded.CheckAsync(300, async random =>
    {
        var test = new TestEngine(WorkflowJson.Write(RandomWorkflow.Next(random, withCalls: false)).ToString(), new FakeTime());
        var created = await test.CreateAsync(RandomJson.Document(random).ToString());
        if (!created.IsOk) return;
        var document = RandomJson.Document(random).ToString();
        var transition = random.Pick(null, "t0", "t1");
        var appends = test.Counted.Appends;
        var tried = await DryAsync(test, created.Value.Id, document, transition);
        Assert.Equal(appends, test.Counted.Appends);

        var real = await test.UpdateAsync(created.Value.Id, document, transition);
        Assert.Equal(real.Error, tried.IsOk ? tried.Value.Error : tried.Error);
        if (!real.IsOk) return;
        Assert.Equal(real.Value.State, tried.Value.State);
        Assert.Equal(real.Value.Audit.Where(e => e.Type == AuditEventTypes.TransitionMake).Select(e => (e.State, e.Detail)),
            tried.Value.Steps.Select(s => ((string?)s.From, (string?)s.Transition)));
        Assert.Equal(real.Value.Audit.Where(e => e.Criterion is not null), tried.Value.Refusals.Select(r => r.Step));
        Assert.All(tried.Value.Refusals, refusal => Assert.True(refusal.Step.Reason == ConditionWords.WhyNot(refusal.Verdicts)));
        Assert.Equal(await test.Log.SchedulesAsync(Some.Tenant, created.Value.Id, default), tried.Value.Armed);
    });

    [Fact]
    public async Task DryRun_Processors_AreToldAndNotCalled()
    {
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{
              "A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[{"name":"p","config":{"calculationNodesTags":"gpu"}},{"name":"q","executionMode":"COMMIT_BEFORE_DISPATCH"}]}]},
              "B":{"transitions":[{"name":"on","next":"C","processors":[{"name":"r","executionMode":"ASYNC_NEW_TX"}]}]},"C":{}}}
            """);
        var created = (await test.CreateAsync()).Value;
        var run = (await DryAsync(test, created.Id, "{}", "go")).Value;
        Assert.Equal(("C", true, null), (run.State, run.IsAssumption, run.Error));
        Assert.Equal(
            ["go: p q", "on: r"], run.Steps.Select(s => $"{s.Transition}: {string.Join(' ', s.Calls.Select(c => c.Processor.Name))}"));
        Assert.Equal([false, true], run.Steps.Select(s => s.IsAutomatic));
        Assert.Empty(test.Computation.Calls);
        Assert.Equal(created.Revision, (await test.ReadAsync(created.Id))?.Revision);
    }

    [Fact]
    public async Task DryRun_ProcessorThatNobodyServes_SaysThatItWouldFail()
    {
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[{"name":"p"}]}]},"B":{}}}
            """);
        test.Computation.Served = _ => false;
        var run = (await DryAsync(test, (await test.CreateAsync()).Value.Id, "{}", "go")).Value;
        Assert.Equal(("NO_COMPUTE_MEMBER_FOR_TAG", "A"), (run.Error?.Code, run.State));
        var step = Assert.Single(run.Steps);
        Assert.Equal(("go", null, false), (step.Transition, step.To, Assert.Single(step.Calls).IsServed));
    }

    [Fact]
    public async Task DryRun_RefusedByACriterion_SaysWhyLeafByLeaf()
    {
        var test = new TestEngine($$$$"""{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"go","next":"B","manual":true,{{{{IfGo}}}}}]},"B":{}}}""");
        var id = (await test.CreateAsync()).Value.Id;
        var run = (await DryAsync(test, id, """{"go":1}""", "go")).Value;
        Assert.Equal(("WORKFLOW_FAILED", "A"), (run.Error?.Code, run.State));
        var verdict = Assert.Single(Assert.Single(run.Refusals).Verdicts);
        Assert.Equal(("$.go", "EQUALS", "true", "1", false, true),
            (verdict.Field, verdict.Operator, verdict.Wanted[0].ToString(), verdict.Found[0].ToString(), verdict.Holds, verdict.IsToBlame));
        Assert.Equal("TRANSITION_NOT_FOUND", (await DryAsync(test, id, "{}", "nowhere")).Error?.Code);
    }

    [Fact]
    public async Task DryRun_UniqueKeyThatAnotherHolds_WouldFail()
    {
        var test = new TestEngine(keys: [new UniqueKeyDefinition("k", [JsonPath.Parse("$.a")])]);
        await test.CreateAsync("""{"a":1}""");
        var other = (await test.CreateAsync("""{"a":2}""")).Value;
        Assert.Equal("UNIQUE_VIOLATION", (await DryAsync(test, other.Id, """{"a":1}""", "UPDATE")).Value.Error?.Code);
        Assert.Null((await DryAsync(test, other.Id, """{"a":2}""", "UPDATE")).Value.Error);
    }

    [Fact]
    public async Task DryRun_UnknownEntity_IsNotFound() =>
        Assert.Equal("ENTITY_NOT_FOUND", (await DryAsync(new TestEngine(), new TestEngine().NewId(), "{}", null)).Error?.Code);

    private static async Task<Result<DryRun>> DryAsync(TestEngine test, EntityId id, string document, string? transition) =>
        await test.Engine.DryRunAsync(Some.Caller, id, _ => Some.Json(document), transition, default);
}
