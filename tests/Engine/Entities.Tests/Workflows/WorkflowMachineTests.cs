using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Workflows;

public class WorkflowMachineTests
{
    private const string IfGo = """ "criterion":{"type":"simple","jsonPath":"$.go","operatorType":"EQUALS","value":true}""";

    [Fact]
    public async Task Run_RandomWorkflow_KeepsTheInvariants() => await Seeded.CheckAsync(500, async random =>
    {
        var model = new ModelDefinition { Key = Some.Model,
            Workflows = [.. Enumerable.Range(0, random.Next(3)).Select(i => RandomWorkflow.Next(random, $"w{i}", withCalls: false))] };
        var entity = Some.Entity(RandomJson.Document(random), "");
        var transition = random.Pick(null, "t0", "t1");
        var first = await new WorkflowMachine(model, entity, new FakeAnswers(), Some.Time).CreateAsync(transition, default);
        var again = await new WorkflowMachine(model, entity, new FakeAnswers(), Some.Time).CreateAsync(transition, default);
        Assert.Equal(first.Error, again.Error);
        if (!first.TryGet(out var outcome, out var error))
        {
            Assert.Contains(error.Code, new[] { "TRANSITION_NOT_FOUND", "WORKFLOW_FAILED" });
            return;
        }
        Assert.Equal(outcome.Audit, again.Value.Audit);
        Assert.Equal(AuditEventTypes.StateMachineStart, outcome.Audit[0].Type);
        Assert.Equal((AuditEventTypes.StateMachineFinish, outcome.Entity.State), (outcome.Audit[^1].Type, outcome.Audit[^1].State));
        Assert.True(outcome.Audit.Count(e => e.Type == AuditEventTypes.TransitionMake) <= WorkflowMachine.DepthMax + 1);
        AssertIsSettled(model, outcome);
    });

    [Fact]
    public async Task Create_Cascade_TakesTheFirstThatMatchesInOrder()
    {
        var outcome = (await CreateAsync($$$$"""
            {"A":{"transitions":[{"name":"no","next":"C",{{{{IfGo}}}}},{"name":"off","next":"C","disabled":true},{"name":"byHand","next":"C","manual":true},{"name":"yes","next":"B"},
             {"name":"late","next":"C"}]},"B":{},"C":{}}
            """)).Value;
        Assert.Equal("B", outcome.Entity.State);
        Assert.Equal(
            ["STATE_MACHINE_START", "WORKFLOW_FOUND", "TRANSITION_NOT_MATCH_CRITERION", "TRANSITION_MAKE", "STATE_MACHINE_FINISH"],
            outcome.Audit.Select(e => e.Type));
        Assert.Equal(("A", "yes"), (outcome.Audit[3].State, outcome.Audit[3].Detail));
    }

    [Fact]
    public async Task Create_NamedTransition_ComesBeforeTheCascade()
    {
        var states = """{"A":{"transitions":[{"name":"auto","next":"B"},{"name":"hand","next":"C","manual":true}]},"B":{},"C":{"transitions":[{"name":"on","next":"D"}]},"D":{}}""";
        Assert.Equal("D", (await CreateAsync(states, "hand")).Value.Entity.State);
        Assert.Equal("B", (await CreateAsync(states)).Value.Entity.State);
    }

    [Fact]
    public async Task Create_CriterionOfNamedTransition_MayRefuse()
    {
        var states = $$$$"""{"A":{"transitions":[{"name":"hand","next":"B","manual":true,{{{{IfGo}}}}}]},"B":{}}""";
        Assert.Equal("WORKFLOW_FAILED", (await CreateAsync(states, "hand")).Error?.Code);
        Assert.Equal("B", (await CreateAsync(states, "hand", """{"go":true}""")).Value.Entity.State);
        Assert.Equal("TRANSITION_NOT_FOUND", (await CreateAsync(states, "other")).Error?.Code);
    }

    [Fact]
    public async Task Create_CircleThatDoesNotEnd_IsStopped()
    {
        var error = (await CreateAsync("""{"A":{"transitions":[{"name":"x","next":"B"}]},"B":{"transitions":[{"name":"x","next":"A"}]}}""")).Error;
        Assert.Equal("WORKFLOW_FAILED", error?.Code);
        Assert.Contains("10 times", error?.Message);
    }

    [Theory]
    [InlineData(WorkflowMachine.DepthMax, true)]
    [InlineData(WorkflowMachine.DepthMax + 1, false)]
    public async Task Create_LongCascade_IsBounded(int length, bool isOk)
    {
        var states = string.Join(',', Enumerable.Range(0, length).Select(i => $$$$"""{{{{(i == 0 ? "\"A\"" : $"\"S{i}\"")}}}}:{"transitions":[{"name":"x","next":"S{{{{i + 1}}}}"}]}"""));
        Assert.Equal(isOk, (await CreateAsync($$$$"""{{{{{states}}}},"S{{{{length}}}}":{}}""")).IsOk);
    }

    [Fact]
    public async Task Create_Selection_SkipsInactiveAndThoseThatDoNotMatch()
    {
        static WorkflowDefinition Workflow(string name, string more) =>
            WorkflowJson.Parse(Some.Json($$$$"""{"version":"1.0","name":"{{{{name}}}}","initialState":"{{{{name}}}}","states":{"{{{{name}}}}":{}}{{{{more}}}}}""")).Value;
        var model = new ModelDefinition
        {
            Key = Some.Model,
            Workflows = [Workflow("off", ""","active":false"""), Workflow("go", "," + IfGo), Workflow("other", ""","criterion":{"type":"function","function":{"name":"f"}}""")],
        };
        async Task<string> StateAsync(string document, bool answer) =>
            (await new WorkflowMachine(model, Some.Entity(document, ""), new FakeAnswers { Matches = answer }, Some.Time)
                .CreateAsync(null, default)).Value.Entity.State;
        Assert.Equal("go", await StateAsync("""{"go":true}""", true));
        Assert.Equal("other", await StateAsync("{}", true));
        Assert.Equal("CREATED", await StateAsync("{}", false));
    }

    [Fact]
    public async Task Update_InAStateThatTheWorkflowDoesNotKnow_StaysAsItIs()
    {
        var model = Model("""{"A":{"transitions":[{"name":"x","next":"B"}]},"B":{}}""");
        var entity = Some.Entity("{}", "ELSEWHERE");
        Assert.Equal(
            "ELSEWHERE",
            (await new WorkflowMachine(model, entity, new FakeAnswers(), Some.Time).UpdateAsync(null, default)).Value.Entity.State);
        Assert.Equal(
            "TRANSITION_NOT_FOUND",
            (await new WorkflowMachine(model, entity, new FakeAnswers(), Some.Time).UpdateAsync("x", default)).Error?.Code);
    }

    [Fact]
    public async Task Schedule_IsArmedOnSettlingAndCancelledOnLeaving()
    {
        var model = Model("""
            {"A":{"transitions":[{"name":"remind","next":"A","schedule":{"delayMs":1000,"timeoutMs":500}},{"name":"go","next":"B","manual":true}]},"B":{}}
            """);
        var settled = (
            await new WorkflowMachine(model, Some.Entity("{}", ""), new FakeAnswers(), Some.Time).CreateAsync(null, default)).Value;
        Assert.Equal([new ScheduledTransition("remind", Some.Time.AddSeconds(1), Some.Time.AddSeconds(1.5))], settled.Schedules);
        var left = (await new WorkflowMachine(model, settled.Entity, new FakeAnswers(), Some.Time).UpdateAsync("go", default)).Value;
        Assert.Empty(left.Schedules!);
        Assert.Contains(left.Audit, e => e is { Type: AuditEventTypes.ScheduledTransitionCancel, Detail: "remind" });
        Assert.Equal(
            "TRANSITION_NOT_FOUND", (
                await new WorkflowMachine(model, settled.Entity, new FakeAnswers(), Some.Time).UpdateAsync("remind", default)).Error?.Code);
    }

    private static ModelDefinition Model(string states) => new()
    {
        Key = Some.Model,
        Workflows = [WorkflowJson.Parse(Some.Json($$$$"""{"version":"1.0","name":"w","initialState":"A","states":{{{{states}}}}}"""), allowCycles: true).Value],
    };

    private static async Task<Result<WorkflowOutcome>> CreateAsync(string states, string? transition = null, string document = "{}") =>
        await new WorkflowMachine(Model(states), Some.Entity(document, ""), new FakeAnswers(), Some.Time).CreateAsync(transition, default);

    private static void AssertIsSettled(ModelDefinition model, WorkflowOutcome outcome)
    {
        var name = outcome.Audit.FirstOrDefault(e => e.Type == AuditEventTypes.WorkflowFound)?.Detail;
        var workflow = name is null ? DefaultWorkflow.Definition : model.Workflows.Single(w => w.Name == name);
        var state = workflow.States[outcome.Entity.State];
        Assert.DoesNotContain(state.Transitions,
            t => t.IsAutomatic && (t.Criterion is null || CriterionEvaluator.Matches(t.Criterion.Condition!, outcome.Entity)));
        if (model.HasSchedules)
            Assert.Equal(state.Transitions.Where(t => t.IsScheduled).Select(t => t.Name), outcome.Schedules!.Select(s => s.Transition));
        else Assert.Null(outcome.Schedules);
    }

    private sealed class FakeAnswers : IWorkflowAnswers
    {
        public bool Matches { get; init; } = true;

        public ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
            new(Matches);

        public ValueTask<Result<JsonText?>> ProcessAsync(
            ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken) =>
            new((Result<JsonText?>)(JsonText?)null);

        public ValueTask<Result<ScheduleTimes>> ScheduleAsync(
            FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
            new(new ScheduleTimes(Some.Time.AddHours(1), null));

        public ValueTask<Result<EntityRevision>> CommitAsync(
            ProcessorDefinition processor, WorkflowOutcome soFar, CancellationToken cancellationToken) => new(soFar.Entity);
    }
}
