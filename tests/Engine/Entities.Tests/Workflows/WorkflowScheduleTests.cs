using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Workflows;

public class WorkflowScheduleTests
{
    private const string ByFunction = """
        {"version":"1.5","name":"w","initialState":"A","states":{
          "A":{"transitions":[{"name":"escalate","next":"B","schedule":{"timeoutMs":1000,"function":{"name":"when","resultKind":"Schedule","calculationNodesTags":"clock"}}}]},"B":{}}}
        """;

    [Fact]
    public async Task Function_SaysWhenItFires()
    {
        var (test, time) = Make();
        var created = (await test.CreateAsync()).Value;
        var due = time.GetUtcNow().AddHours(1);
        Assert.Equal(
            [new ScheduledTransition("escalate", due, due.AddSeconds(1))], await test.Log.SchedulesAsync(Some.Tenant, created.Id, default));
        Assert.Contains(
            created.Audit, e => e is { Type: AuditEventTypes.ScheduledTransitionArm, Detail: "escalate", Reason: "2026-11-20T15:00:00Z" });

        test.Computation.Schedule = (_, call, _) =>
            new(new ScheduleTimes(call.Entity.ChangedAt.AddDays(1), call.Entity.ChangedAt.AddDays(2)));
        await test.UpdateAsync(created.Id, "{}");
        Assert.Equal(Some.Time.AddDays(2), (await test.Log.SchedulesAsync(Some.Tenant, created.Id, default))[0].ExpiresAt);
    }

    [Fact]
    public async Task Function_WhoseTimeIsOver_ArmsNothing()
    {
        var (test, time) = Make();
        test.Computation.Schedule = (_, _, _) => new(new ScheduleTimes(time.GetUtcNow(), time.GetUtcNow()));
        var created = (await test.CreateAsync()).Value;
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, created.Id, default));
        Assert.Contains(created.Audit, e => e is { Type: AuditEventTypes.ScheduledTransitionExpire, Detail: "escalate" });
    }

    [Fact]
    public async Task Function_WithoutAMember_FailsTheWrite()
    {
        var (test, _) = Make();
        var id = test.NewId();
        test.Computation.Schedule = (function, _, _) =>
            new(new Error(ErrorKind.Unavailable, "NO_COMPUTE_MEMBER_FOR_TAG", "None.") { Retryable = true });
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", (await test.CreateAsync("{}", null, id)).Error?.Code);
        Assert.Null(await test.ReadAsync(id));
        Assert.Equal(0, test.Counted.Appends);
    }

    [Theory]
    [InlineData("""{"function":{"name":"f","resultKind":"Schedule"}}""", "function.calculationNodesTags")]
    [InlineData("""{"function":{"name":"f","calculationNodesTags":"t"}}""", "function.resultKind")]
    [InlineData("""{"function":{"resultKind":"Schedule","calculationNodesTags":"t"}}""", "function.name")]
    [InlineData("""{"function":1}""", "function")]
    [InlineData("""{"delayMs":5,"function":{"name":"f","resultKind":"Schedule","calculationNodesTags":"t"}}""", "delayMs")]
    [InlineData("""{}""", "delayMs")]
    [InlineData("""{"delayMs":5,"timeoutMs":-1}""", "timeoutMs")]
    public void Parse_BadSchedule_NamesTheOffender(string schedule, string offender)
    {
        var error = WorkflowJson.Parse(Some.Json(
            $$$$"""{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"s","next":"A","schedule":{{{{schedule}}}}}]}}}""")).Error;
        Assert.Equal("VALIDATION_FAILED", error?.Code);
        Assert.Contains($"$.states.A.transitions[0].schedule.{offender}", error!.Details!.Keys);
    }

    [Fact]
    public void Parse_ScheduledAndManual_IsRefused() => Assert.Equal("VALIDATION_FAILED", WorkflowJson.Parse(Some.Json(
        """{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"s","next":"A","manual":true,"schedule":{"delayMs":5}}]}}}""")).Error?.Code);

    private static (TestEngine Test, FakeTime Time) Make()
    {
        var time = new FakeTime();
        var test = new TestEngine(ByFunction, time);
        test.Computation.Schedule = (_, _, _) => new(new ScheduleTimes(time.GetUtcNow().AddHours(1), null));
        return (test, time);
    }
}
