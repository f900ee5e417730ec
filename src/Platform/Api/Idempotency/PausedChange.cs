using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Idempotency;

/// <summary>
/// What became of a change that was committed before a processor was called (COMMIT_BEFORE_DISPATCH). Its next commit is the entity's very
/// next revision, or never comes, because the entity must not change while the processor works. The trail says which. Stateless.
/// </summary>
internal sealed class PausedChange(IEntityLog log, TenantId tenant)
{
    /// <param name="At">The commit that it ended with; null: it has not ended, or has failed.</param>
    /// <param name="Failure">Why it ended early.</param>
    public readonly record struct End(Revision? At, Error? Failure);

    /// <param name="first">What was committed first.</param>
    /// <param name="events">Its audit events.</param>
    public async ValueTask<End> EndAsync(EntityRevision first, IReadOnlyList<AuditEvent> events, CancellationToken cancellationToken)
    {
        var last = first.Revision;
        while (LastOf(events) is { Type: AuditEventTypes.PauseForProcessing } pause)
        {
            if (await NextAsync(first.Id, last, cancellationToken) is not { } next) return new End(null, null);
            (last, events) = (next.Revision, next.Audit);
            if (!Continues(events))
                return new End(null, ApiErrors.NotCompleted(first.Id, pause.Reason, "the entity was changed meanwhile"));
            if (events.FirstOrDefault(e => e.Type == AuditEventTypes.Cancel) is { } cancel)
                return new End(null, ApiErrors.NotCompleted(first.Id, pause.Reason, cancel.Reason));
        }
        return new End(last, null);
    }

    private static AuditEvent? LastOf(IReadOnlyList<AuditEvent> events) => events.LastOrDefault(e => e.Type != AuditEventTypes.Request);

    /// <summary>Any other change begins with something else.</summary>
    private static bool Continues(IReadOnlyList<AuditEvent> events) => events is
        [{ Type: AuditEventTypes.StateProcessResult or AuditEventTypes.TransitionAborted }, ..];

    /// <summary>An entity's first revision after one of its own, in about as many reads as the log's length has bits.</summary>
    private async ValueTask<EntityRevision?> NextAsync(EntityId id, Revision after, CancellationToken cancellationToken)
    {
        EntityRevision? next = null;
        for (var (low, high) = (after.Value, long.MaxValue - 1); high - low > 1;)
        {
            var middle = next is null ? high : low + (high - low) / 2;
            var before = await log.TrailAsync(tenant, id, new Revision(middle + 1), 1, cancellationToken);
            if (before.Count == 0 || before[0].Revision <= after)
            {
                if (next is null) return null;
                low = middle;
            }
            else (next, high) = (before[0], before[0].Revision.Value);
        }
        return next;
    }
}
