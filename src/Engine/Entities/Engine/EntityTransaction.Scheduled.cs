using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

public sealed partial class EntityTransaction
{
    /// <summary>
    /// Fires one scheduled transition that is due, or records why not; commits. Either way it is disarmed, or armed for later, so that
    /// nothing stays due for ever.
    /// </summary>
    internal async ValueTask<Result<ScheduleOutcome>> FireAsync(DueTransition due, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(due.Id, cancellationToken)).TryGet(out var draft, out var error)) return error;
        if (draft.Current is not { } entity) return ScheduleOutcome.Stale;
        // Checked after the entity was read: whatever arms it again also writes the entity, and then the commit is refused.
        var armed = await parts.Log.SchedulesAsync(due.Tenant, due.Id, cancellationToken);
        if (!armed.Contains(due.Schedule)) return ScheduleOutcome.Stale;
        var others = armed.Where(schedule => schedule != due.Schedule && !ProcessorTimeout.Is(schedule)).ToList();
        (endsWithCaller, durable) = (true, draft.State); // the caller is the server: its stop ends the call, and another one fires it again
        var outcome = await TryFireAsync(draft, entity, due.Schedule, others, cancellationToken);
        if (outcome == ScheduleOutcome.Conflict) return outcome;
        var committed = await CommitAsync(cancellationToken);
        if (committed.IsOk) return outcome;
        return HasConflicted ? ScheduleOutcome.Conflict : committed.Error;
    }

    /// <summary>
    /// Takes the transition and commits, or says why not in what is left to commit. A commit that is refused is a failure like any other.
    /// </summary>
    private async ValueTask<ScheduleOutcome> TryFireAsync(
        Draft draft, EntityRevision entity, ScheduledTransition schedule, List<ScheduledTransition> others,
        CancellationToken cancellationToken)
    {
        var now = parts.Time.GetUtcNow();
        if (ProcessorTimeout.Is(schedule)) return await AbandonAsync(draft, entity, others, cancellationToken);
        if (schedule.ExpiresAt < now) return Record(draft, ScheduleOutcome.Expired, others, Of(AuditEventTypes.ScheduledTransitionExpire));
        if (await parts.Definitions.FindAsync(caller.Tenant, entity.Model, cancellationToken) is not { } model)
            return Record(draft, ScheduleOutcome.Cancelled, others, Of(AuditEventTypes.ScheduledTransitionCancel));
        var machine = new WorkflowMachine(model, entity with { Transition = schedule.Transition }, new Answers(this, draft, model), now);
        var fired = await machine.FireAsync(schedule.Transition, cancellationToken);
        var error = fired.TryGet(out var outcome, out var failure) ? await WriteAsync(draft, model, outcome, cancellationToken) : failure;
        if (error is null && (error = (await TryCommitAsync(cancellationToken)).Error) is null) return ScheduleOutcome.Fired;
        if (HasConflicted) return ScheduleOutcome.Conflict;
        if (machine.IsDeclined) return Record(draft, ScheduleOutcome.Declined, others, machine.Audit[^1]);
        if (error.Code == "TRANSITION_NOT_FOUND")
            return Record(draft, ScheduleOutcome.Cancelled, others, Of(AuditEventTypes.TransitionNotFound),
                Of(AuditEventTypes.ScheduledTransitionCancel));
        await FailAsync(draft, machine, schedule, others, error, cancellationToken);
        return ScheduleOutcome.Failed;

        AuditEvent Of(string type) => new(type, entity.State, schedule.Transition);
    }

    /// <summary>
    /// A run that its server did not end: where it had left its state before, nothing is armed, and the state that it rests in arms its
    /// own.
    /// </summary>
    private async ValueTask<ScheduleOutcome> AbandonAsync(
        Draft draft, EntityRevision entity, List<ScheduledTransition> others, CancellationToken cancellationToken)
    {
        var lost = ProcessorTimeout.Lost((await parts.Log.TrailAsync(entity.Tenant, entity.Id, null, 1, cancellationToken))[0]);
        if (lost.Length == 0 || others.Count > 0
            || await parts.Definitions.FindAsync(caller.Tenant, entity.Model, cancellationToken) is not { HasSchedules: true } model)
            return Record(draft, ScheduleOutcome.Abandoned, others, lost);
        var machine = new WorkflowMachine(model, entity, new Answers(this, draft, model), parts.Time.GetUtcNow());
        var (armed, events) = await machine.RestAsync(entity, null, null, cancellationToken);
        return Record(draft, ScheduleOutcome.Abandoned, [.. armed], [.. lost, .. events]);
    }

    /// <summary>Of the run only what was committed in its middle stays, and why it went no further; it is tried again later.</summary>
    private async ValueTask FailAsync(
        Draft draft, WorkflowMachine machine, ScheduledTransition schedule, List<ScheduledTransition> others, Error error,
        CancellationToken cancellationToken)
    {
        BackToDurable(draft);
        var last = draft.Current!;
        (IReadOnlyList<ScheduledTransition> armed, IReadOnlyList<AuditEvent> events) = (others, []);
        if (HasCommitted && last.State != draft.ArmedIn)
            (armed, events) = await RestAsync(draft, machine, cancellationToken, schedule.Transition);
        else if (await ScheduleRetry.AgainAsync(parts.Log, last, schedule, parts.Time.GetUtcNow(), cancellationToken) is { } later)
            others.Add(later);
        var aborted = HasCommitted ? machine.Aborted(last.State, error) : [];
        draft.Write(last, [.. aborted, .. events, ScheduleRetry.Failure(last.State, schedule.Transition, error)], null, armed);
    }

    private static ScheduleOutcome Record(Draft draft, ScheduleOutcome outcome, List<ScheduledTransition> armed, params AuditEvent[] events)
    {
        draft.Write(draft.Current!, events, null, armed);
        return outcome;
    }
}
