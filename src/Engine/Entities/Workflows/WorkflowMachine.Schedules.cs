using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

internal sealed partial class WorkflowMachine
{
    /// <summary>
    /// Re-arms all scheduled transitions of the state that the entity settled in, and records those of the state it left as cancelled.
    /// </summary>
    /// <param name="tolerates">A function that does not say when is noted and left out; otherwise the run fails of it.</param>
    private async ValueTask<List<ScheduledTransition>?> ArmAsync(
        string settledBefore, string? fired, CancellationToken cancellationToken, bool tolerates = false)
    {
        if (!model.HasSchedules) return null;
        if (settledBefore != entity.State)
        {
            foreach (var left in workflow.Scheduled(settledBefore).Where(t => t.Name != fired))
                Note(AuditEventTypes.ScheduledTransitionCancel, left.Name);
        }
        var armed = new List<ScheduledTransition>();
        foreach (var transition in workflow.Scheduled(entity.State))
        {
            if (await ReckonAsync(transition, cancellationToken) is { } schedule) armed.Add(schedule);
            if (failure is not { } error) continue;
            if (!tolerates) return null;
            Note(AuditEventTypes.ScheduledTransitionFail, $"{transition.Name}: {error.Code}", ConditionWords.Bound(error.Message));
            failure = null;
        }
        return armed;
    }

    /// <summary>When a transition is due; null where that failed, or where its time was over before it began.</summary>
    private async ValueTask<ScheduledTransition?> ReckonAsync(TransitionDefinition transition, CancellationToken cancellationToken)
    {
        var (delay, timeout, function) = transition.Schedule!;
        var times = new ScheduleTimes(now + (delay ?? TimeSpan.Zero), null);
        if (function is not null && !(await answers.ScheduleAsync(function, Call(transition), cancellationToken))
            .TryGet(out times, out failure)) return null;
        var expiresAt = times.ExpireAt ?? Later(times.FireAt, timeout);
        if (times.ExpireAt <= times.FireAt)
        {
            Note(AuditEventTypes.ScheduledTransitionExpire, transition.Name, ConditionWords.Of(times.FireAt));
            return null;
        }
        Note(AuditEventTypes.ScheduledTransitionArm, transition.Name, ConditionWords.Of(times.FireAt));
        return new ScheduledTransition(transition.Name, times.FireAt, expiresAt);
    }

    private static DateTimeOffset? Later(DateTimeOffset time, TimeSpan? by) =>
        by is not { } span ? null : time < DateTimeOffset.MaxValue - span ? time + span : DateTimeOffset.MaxValue;
}
