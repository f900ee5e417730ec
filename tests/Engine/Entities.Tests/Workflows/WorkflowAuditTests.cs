using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Workflows;

/// <summary>Which audit events appear where.</summary>
public class WorkflowAuditTests
{
    private const string IfGo = """ "criterion":{"type":"simple","jsonPath":"$.go","operatorType":"EQUALS","value":true}""";

    private static readonly Error Broken = new(ErrorKind.Invalid, "WORKFLOW_FAILED", "Broken.");

    [Fact]
    public async Task Refusals_SayWhichCriterionAndWhy()
    {
        var test = new TestEngine(
            $$$$"""{"version":"1.0","name":"first","initialState":"X","states":{"X":{}},{{{{IfGo}}}}}""",
            more: $$$$"""{"version":"1.0","name":"second","initialState":"A","states":{"A":{"transitions":[{"name":"on","next":"B",{{{{IfGo}}}}}]},"B":{}}}""");
        var created = (await test.CreateAsync("""{"go":1}""")).Value;
        const string Why = "$.go EQUALS true does not hold: it is 1";
        Assert.Contains(new AuditEvent(AuditEventTypes.WorkflowSkip, "", "first", "$.go EQUALS true", Why), created.Audit);
        Assert.Contains(new AuditEvent(AuditEventTypes.TransitionNotMatchCriterion, "A", "on", "$.go EQUALS true", Why), created.Audit);
    }

    [Fact]
    public async Task NamedTransitionRefused_TheErrorSaysWhy()
    {
        var test = new TestEngine($$$$"""{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"on","next":"B","manual":true,{{{{IfGo}}}}}]},"B":{}}}""");
        var error = (await test.CreateAsync("{}", "on")).Error;
        Assert.Equal("WORKFLOW_FAILED", error?.Code);
        Assert.Contains("$.go EQUALS true does not hold: it is missing", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processor_WhoseCriterionDoesNotHold_IsPassedOver()
    {
        var test = With($$$$""" {"name":"p",{{{{IfGo}}}}},{"name":"q"}""");
        var created = (await test.CreateAsync("{}", "go")).Value;
        Assert.Equal(["q"], test.Computation.Calls);
        Assert.Contains(
            created.Audit, e => e is { Type: AuditEventTypes.ProcessNotMatchCriterion, Detail: "p", Criterion: "$.go EQUALS true" });
        await test.CreateAsync("""{"go":true}""", "go");
        Assert.Equal(["q", "p", "q"], test.Computation.Calls);
    }

    [Fact]
    public async Task FunctionCriterion_WhoseGuardDoesNotHold_IsNotAsked()
    {
        var guard = IfGo.Trim();
        var test = new TestEngine($$$$"""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"on","next":"B","criterion":{"type":"function","function":{"name":"f",{{{{guard}}}}}}}]},"B":{}}}
            """);
        var created = (await test.CreateAsync()).Value;
        Assert.Empty(test.Computation.Calls);
        Assert.Contains(
            created.Audit, e =>
                e is { Detail: "on", Criterion: "function \"f\" where $.go EQUALS true",
                Reason: "$.go EQUALS true does not hold: it is missing" });
        test.Computation.Match = (_, _, _) => new(false);
        Assert.Contains((await test.CreateAsync("""{"go":true}""")).Value.Audit, e => e is { Detail: "on", Reason: "the function \"f\" returned false" });
    }

    [Fact]
    public async Task CommitBeforeDispatch_FailsBehindTheCommit_TheTrailSaysSo()
    {
        var test = With("""{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}""");
        test.Computation.Process = (_, _, _) => new(Broken);
        var id = test.NewId();
        Assert.Equal(Broken, (await test.CreateAsync("{}", "go", id)).Error);
        var history = await test.HistoryAsync(id);
        Assert.Equal(2, history.Count);
        Assert.Equal(new AuditEvent(AuditEventTypes.PauseForProcessing, "A", "go", null, "p"), history[1].Audit[^1]);
        Assert.Equal(
            [new(AuditEventTypes.TransitionAborted, "A", "go", null, "WORKFLOW_FAILED: Broken."),
                new(AuditEventTypes.Cancel, "A", null, null, "WORKFLOW_FAILED: Broken.")],
            history[0].Audit);
    }

    [Fact]
    public async Task CommitBeforeDispatch_FailsAfterTheEntityMovedOn_AddsNothing()
    {
        var test = With("""{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}""");
        test.Computation.Process = async (_, call, _) =>
        {
            Assert.True((await test.UpdateAsync(call.Entity.Id, """{"by":"rival"}""")).IsOk);
            return Broken;
        };
        var id = test.NewId();
        Assert.Equal(Broken, (await test.CreateAsync("{}", "go", id)).Error);
        Assert.DoesNotContain((await test.HistoryAsync(id))[0].Audit, e => e.Type == AuditEventTypes.TransitionAborted);
    }

    [Theory]
    [InlineData("SYNC")]
    [InlineData("ASYNC_SAME_TX")]
    public async Task NoMember_InTheTransaction_ChangesNothing(string mode)
    {
        var test = With($$"""{"name":"p","executionMode":"{{mode}}"}""");
        test.Computation.Process = (_, _, _) => new(ComputationErrors.NoMember("p", []));
        var created = (await test.CreateAsync()).Value;
        var error = (await test.TakeAsync(created.Id, "go")).Error;
        Assert.Equal(("NO_COMPUTE_MEMBER_FOR_TAG", true), (error?.Code, error?.Retryable));
        Assert.Equal(created.Revision, (await test.ReadAsync(created.Id))?.Revision);
    }

    [Fact]
    public async Task NoMember_InANewTransaction_IsAuditedAndNotFatal()
    {
        var test = With("""{"name":"p","executionMode":"ASYNC_NEW_TX"}""");
        test.Computation.Process = (_, _, _) => new(ComputationErrors.NoMember("p", ["gpu"]));
        var created = (await test.CreateAsync("{}", "go")).Value;
        Assert.Equal("B", created.State);
        Assert.Contains(
            created.Audit, e => e is { Type: AuditEventTypes.StateProcessResult, Detail: "p: NO_COMPUTE_MEMBER_FOR_TAG" }
                && e.Reason!.Contains("gpu", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scheduled_NoLongerInTheWorkflow_IsNotFoundAndCancelled()
    {
        var time = new FakeTime();
        const string Old = """{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"s","next":"B","schedule":{"delayMs":1000}}]},"B":{}}}""";
        var test = new TestCatalog(time);
        await test.LockedAsync();
        await test.ImportWorkflowsAsync($$"""{"workflows":[{{Old}}]}""");
        var created = (await test.CreateAsync()).Value;
        await test.ImportWorkflowsAsync($$"""{"workflows":[{{Old.Replace("\"s\"", "\"other\"", StringComparison.Ordinal)}}]}""");
        time.Advance(TimeSpan.FromSeconds(2));
        var due = Assert.Single(await test.Log.DueAsync(new DueQuery(time.GetUtcNow(), 10), default));
        Assert.Equal(ScheduleOutcome.Cancelled, (await test.Engine.FireAsync(Some.Caller, due, default)).Value);
        var newest = (await test.Log.HistoryAsync(Some.Tenant, created.Id, null, 1, default))[0];
        Assert.Equal([AuditEventTypes.TransitionNotFound, AuditEventTypes.ScheduledTransitionCancel], newest.Audit.Select(e => e.Type));
    }

    private static TestEngine With(string processors) => new($$$$"""
        {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[{{{{processors}}}}]}]},"B":{}}}
        """);
}
