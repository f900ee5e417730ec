using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>
/// When a failed scheduled transition is tried again. How often it has failed is read from the entity's history, so that any server can
/// continue where another stopped. Stateless.
/// </summary>
internal static class ScheduleRetry
{
    public const int FailuresMax = 10;

    private const int RevisionsPerPage = 100;

    /// <summary>So many without a settlement are enough, whatever they were.</summary>
    private const int RevisionsMax = 2_000;

    private static readonly ExponentialBackOff Pauses = new(TimeSpan.FromSeconds(10), TimeSpan.FromHours(1));

    /// <summary>Null: it has failed too often and is given up.</summary>
    public static async ValueTask<ScheduledTransition?> AgainAsync(
        IEntityLog log, EntityRevision entity, ScheduledTransition schedule, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var failures = await CountAsync(log, entity, schedule.Transition, cancellationToken);
        if (failures + 1 >= FailuresMax) return null;
        return schedule with { DueAt = now + Pauses.After(failures + 1) };
    }

    /// <summary>
    /// Since the entity last settled, which arms all of its state's schedules. What else was recorded since does not matter: pauses before
    /// calls, other schedules' failures, a server that was lost.
    /// </summary>
    private static async ValueTask<int> CountAsync(
        IEntityLog log, EntityRevision entity, string transition, CancellationToken cancellationToken)
    {
        var (failures, seen) = (0, 0);
        for (Revision? before = null; failures < FailuresMax;)
        {
            var page = await log.TrailAsync(entity.Tenant, entity.Id, before, RevisionsPerPage, cancellationToken);
            foreach (var revision in page)
            {
                if (revision.Audit.Any(e => e.Type == AuditEventTypes.StateMachineFinish)) return failures;
                if (revision.Audit.Any(e => IsFailureOf(e, transition) && e.State == entity.State)) failures++;
            }
            if (page.Count == 0 || page.IsLast) return failures;
            if ((seen += page.Count) >= RevisionsMax) return FailuresMax;
            before = page[^1].Revision;
        }
        return failures;
    }

    public static AuditEvent Failure(string state, string transition, Error error) =>
        new(AuditEventTypes.ScheduledTransitionFail, state, $"{transition}: {error.Code}", null, ConditionWords.Bound(error.Message));

    private static bool IsFailureOf(AuditEvent e, string transition) =>
        e.Type == AuditEventTypes.ScheduledTransitionFail && e.Detail?.StartsWith(transition + ": ", StringComparison.Ordinal) == true;
}
