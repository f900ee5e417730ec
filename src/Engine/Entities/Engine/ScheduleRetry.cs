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

    /// <summary>A try has further ones, which do not count, where it commits before it calls processors.</summary>
    private const int RevisionsMax = 4 * FailuresMax;

    private static readonly ExponentialBackOff Pauses = new(TimeSpan.FromSeconds(10), TimeSpan.FromHours(1));

    /// <summary>Null: it has failed too often and is given up.</summary>
    public static async ValueTask<ScheduledTransition?> AgainAsync(
        IEntityLog log, EntityRevision entity, ScheduledTransition schedule, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var history = await log.TrailAsync(entity.Tenant, entity.Id, null, RevisionsMax, cancellationToken);
        var failures = history.Where(revision => revision.Audit is not [.., { Type: AuditEventTypes.PauseForProcessing }])
            .TakeWhile(revision => revision.Audit.Any(e => IsFailureOf(e, schedule.Transition))).Count();
        if (failures + 1 >= FailuresMax) return null;
        return schedule with { DueAt = now + Pauses.After(failures + 1) };
    }

    public static AuditEvent Failure(string state, string transition, Error error) =>
        new(AuditEventTypes.ScheduledTransitionFail, state, $"{transition}: {error.Code}", null, ConditionWords.Bound(error.Message));

    private static bool IsFailureOf(AuditEvent e, string transition) =>
        e.Type == AuditEventTypes.ScheduledTransitionFail && e.Detail?.StartsWith(transition + ": ", StringComparison.Ordinal) == true;
}
