using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>
/// Takes one entity through its workflow. One run: select the workflow, take the transition asked for, then cascade, that is take the first
/// automatic transition in declaration order whose criterion holds, until none does. Pure: time, criteria by function, processors and commits
/// come from outside, so the same answers give the same outcome. For one run and one thread.
/// <para>Invariants. The state is always one that the workflow leads to. Each transition taken is one TRANSITION_MAKE. A run starts with
/// STATE_MACHINE_START and ends with STATE_MACHINE_FINISH, or with an error and no outcome. No state is entered more than
/// <see cref="VisitsMax"/> times and no cascade is longer than <see cref="DepthMax"/>.</para>
/// </summary>
internal sealed class WorkflowMachine(ModelDefinition model, EntityRevision entity, IWorkflowAnswers answers, DateTimeOffset now)
{
    public const int VisitsMax = 10;
    public const int DepthMax = 100;

    private readonly Dictionary<string, int> visits = new(StringComparer.Ordinal);
    private List<AuditEvent> audit = [];
    private WorkflowDefinition workflow = DefaultWorkflow.Definition;
    private Error? failure;

    /// <summary>Whether the run failed only because the criterion of the transition asked for does not hold.</summary>
    public bool IsDeclined { get; private set; }

    /// <summary>A new entity: initial state, then the named transition if any, then the cascade.</summary>
    public async ValueTask<Result<WorkflowOutcome>> CreateAsync(string? transition, CancellationToken cancellationToken)
    {
        await SelectAsync(cancellationToken);
        if (failure is not null) return failure;
        Enter(workflow.InitialState);
        return await RunAsync(transition, isSchedule: false, cancellationToken);
    }

    /// <summary>An entity that exists: the named transition, or none (a loopback), then the cascade.</summary>
    public async ValueTask<Result<WorkflowOutcome>> UpdateAsync(string? transition, CancellationToken cancellationToken)
    {
        await SelectAsync(cancellationToken);
        return failure is not null ? failure : await RunAsync(transition, isSchedule: false, cancellationToken);
    }

    /// <summary>A scheduled transition whose time has come.</summary>
    public async ValueTask<Result<WorkflowOutcome>> FireAsync(string transition, CancellationToken cancellationToken)
    {
        await SelectAsync(cancellationToken);
        return failure is not null ? failure : await RunAsync(transition, isSchedule: true, cancellationToken);
    }

    private async ValueTask<Result<WorkflowOutcome>> RunAsync(string? transition, bool isSchedule, CancellationToken cancellationToken)
    {
        var settledBefore = entity.State;
        if (transition is not null) await TakeNamedAsync(transition, isSchedule, cancellationToken);
        await CascadeAsync(cancellationToken);
        if (failure is not null) return failure;
        var schedules = Arm(settledBefore, isSchedule ? transition : null);
        Note(AuditEventTypes.StateMachineFinish, null);
        return new WorkflowOutcome(entity, audit, schedules);
    }

    private async ValueTask SelectAsync(CancellationToken cancellationToken)
    {
        Note(AuditEventTypes.StateMachineStart, null);
        foreach (var candidate in model.Workflows)
        {
            if (!candidate.Active) continue;
            workflow = candidate;
            if (await HoldsAsync(candidate.Criterion, null, cancellationToken))
            {
                Note(AuditEventTypes.WorkflowFound, candidate.Name);
                return;
            }
            if (failure is not null) return;
            Note(AuditEventTypes.WorkflowSkip, candidate.Name);
        }
        workflow = DefaultWorkflow.Definition;
        Note(AuditEventTypes.WorkflowNotFound, null);
    }

    private async ValueTask TakeNamedAsync(string name, bool isSchedule, CancellationToken cancellationToken)
    {
        var transition = Offered().FirstOrDefault(t => t.Name == name && !t.Disabled);
        if (transition is null) failure = WorkflowErrors.TransitionNotFound(name, entity.State, Offered().Where(t => t.IsOffered).Select(t => t.Name));
        else if (transition.IsScheduled && !isSchedule) failure = WorkflowErrors.FiresByItself(name);
        else if (await HoldsAsync(transition.Criterion, transition, cancellationToken)) await TakeAsync(transition, isSchedule, cancellationToken);
        else if (failure is null) (failure, IsDeclined) = (WorkflowErrors.CriterionRejects(name, entity.State), true);
    }

    private async ValueTask CascadeAsync(CancellationToken cancellationToken)
    {
        for (var depth = 0; failure is null; depth++)
        {
            var next = await FirstAutomaticAsync(cancellationToken);
            if (next is null) return;
            if (depth == DepthMax) failure = WorkflowErrors.TooDeep();
            else await TakeAsync(next, isSchedule: false, cancellationToken);
        }
    }

    private async ValueTask<TransitionDefinition?> FirstAutomaticAsync(CancellationToken cancellationToken)
    {
        foreach (var transition in Offered())
        {
            if (!transition.IsAutomatic) continue;
            if (await HoldsAsync(transition.Criterion, transition, cancellationToken)) return transition;
            if (failure is not null) return null;
            Note(AuditEventTypes.TransitionNotMatchCriterion, transition.Name);
        }
        return null;
    }

    private async ValueTask TakeAsync(TransitionDefinition transition, bool isSchedule, CancellationToken cancellationToken)
    {
        if (isSchedule) Note(AuditEventTypes.ScheduledTransitionFire, transition.Name);
        foreach (var processor in transition.Processors)
        {
            await ProcessAsync(processor, transition, cancellationToken);
            if (failure is not null) return;
        }
        Note(AuditEventTypes.TransitionMake, transition.Name);
        Enter(transition.Next);
    }

    private async ValueTask ProcessAsync(ProcessorDefinition processor, TransitionDefinition transition, CancellationToken cancellationToken)
    {
        if (processor.ExecutionMode == ExecutionMode.CommitBeforeDispatch && !await CommitAsync(processor, cancellationToken)) return;
        var answer = await answers.ProcessAsync(processor, Call(transition), cancellationToken);
        if (processor.ExecutionMode == ExecutionMode.AsyncNewTransaction)
            Note(AuditEventTypes.StateProcessResult, answer.Error is { } ignored ? $"{processor.Name}: {ignored.Code}" : processor.Name);
        else if (answer.TryGet(out var document, out failure) && Replace(document, processor))
            Note(AuditEventTypes.StateProcessResult, processor.Name);
    }

    private bool Replace(JsonText? document, ProcessorDefinition processor)
    {
        if (document is not { } next) return true;
        if (JsonGuard.Check(next.Utf8).Error is { } fault) failure = WorkflowErrors.BadDocument(processor.Name, fault);
        else entity = entity with { Document = next };
        return failure is null;
    }

    private async ValueTask<bool> CommitAsync(ProcessorDefinition processor, CancellationToken cancellationToken)
    {
        Note(AuditEventTypes.PauseForProcessing, processor.Name);
        // Nothing is armed at this point: the entity has not settled, and what was armed before stays until it does.
        var committed = await answers.CommitAsync(new WorkflowOutcome(entity, audit, null), cancellationToken);
        audit = [];
        if (committed.TryGet(out var durable, out failure)) entity = durable;
        return failure is null;
    }

    private async ValueTask<bool> HoldsAsync(Criterion? criterion, TransitionDefinition? transition, CancellationToken cancellationToken)
    {
        if (criterion is null) return true;
        if (criterion.Condition is { } condition) return ConditionEvaluator.Matches(condition, entity);
        var answer = await answers.MatchesAsync(criterion.Function!, Call(transition), cancellationToken);
        return answer.TryGet(out var matches, out failure) && matches;
    }

    private void Enter(string state)
    {
        entity = entity with { State = state };
        var visit = visits[state] = visits.GetValueOrDefault(state) + 1;
        if (visit > VisitsMax) failure = WorkflowErrors.TooManyVisits(state);
    }

    /// <summary>
    /// Arms the scheduled transitions of the state that the entity settled in, all anew, and records those of the state it left as cancelled.
    /// </summary>
    private List<ScheduledTransition>? Arm(string settledBefore, string? fired)
    {
        if (!model.HasSchedules) return null;
        if (settledBefore != entity.State)
        {
            foreach (var left in workflow.Scheduled(settledBefore).Where(t => t.Name != fired))
                Note(AuditEventTypes.ScheduledTransitionCancel, left.Name);
        }
        var armed = workflow.Scheduled(entity.State).Select(transition => transition.Schedule!.From(now, transition.Name)).ToList();
        foreach (var schedule in armed) Note(AuditEventTypes.ScheduledTransitionArm, schedule.Transition);
        return armed;
    }

    private IReadOnlyList<TransitionDefinition> Offered() => workflow.States.GetValueOrDefault(entity.State)?.Transitions ?? [];

    private ComputeCall Call(TransitionDefinition? transition) => new(entity, workflow.Name, transition);

    private void Note(string type, string? detail) => audit.Add(new AuditEvent(type, entity.State, detail));
}
