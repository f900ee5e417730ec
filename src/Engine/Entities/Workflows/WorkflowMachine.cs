using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>
/// Takes one entity through its workflow. One run: select the workflow, take the transition asked for, then cascade, that is take the first
/// automatic transition in declaration order whose criterion holds, until none does. Pure: time, criteria by function, processors and
/// commits come from outside, so the same answers give the same outcome. For one run and one thread.
/// <para>Invariants. The state is always one that the workflow leads to. Each transition taken is one TRANSITION_MAKE. A run starts with
/// STATE_MACHINE_START and ends with STATE_MACHINE_FINISH, or with an error and no outcome. No state is entered more than
/// <see cref="VisitsMax"/> times and no cascade is longer than <see cref="DepthMax"/>.</para>
/// </summary>
internal sealed partial class WorkflowMachine(ModelDefinition model, EntityRevision entity, IWorkflowAnswers answers, DateTimeOffset now)
{
    public const int VisitsMax = 10;
    public const int DepthMax = 100;

    private readonly Dictionary<string, int> visits = new(StringComparer.Ordinal);
    private List<AuditEvent> audit = [];
    private WorkflowDefinition workflow = DefaultWorkflow.Definition;
    private TransitionDefinition? taking;
    private Error? failure;

    /// <summary>Whether the run failed only because the criterion of the transition asked for does not hold.</summary>
    public bool IsDeclined { get; private set; }

    /// <summary>The workflow that was selected.</summary>
    public WorkflowDefinition Workflow => workflow;

    /// <summary>What has happened since the run began or last committed; after a failure, up to it.</summary>
    public IReadOnlyList<AuditEvent> Audit => audit;

    /// <summary>The entity as the run has left it; after a failure, as it was then.</summary>
    public EntityRevision Entity => entity;

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

    /// <summary>A scheduled transition that is due.</summary>
    public async ValueTask<Result<WorkflowOutcome>> FireAsync(string transition, CancellationToken cancellationToken)
    {
        await SelectAsync(cancellationToken);
        return failure is not null ? failure : await RunAsync(transition, isSchedule: true, cancellationToken);
    }

    /// <summary>What the trail says of a run that failed after a part of it was committed, in that state.</summary>
    public IReadOnlyList<AuditEvent> Aborted(string durable, Error error)
    {
        var reason = ConditionWords.Bound($"{error.Code}: {error.Message}");
        return [new(AuditEventTypes.TransitionAborted, durable, taking?.Name, null, reason),
            new(AuditEventTypes.Cancel, durable, null, null, reason)];
    }

    /// <summary>
    /// Arms what the state arms in which an entity rests whose run was cut off. What a function does not say is noted and left out: there
    /// is no run that could fail of it.
    /// </summary>
    /// <param name="before">The state that it settled in before; null: it is new, or unknown.</param>
    /// <param name="fired">The schedule that began the run; null: none did.</param>
    public async ValueTask<(IReadOnlyList<ScheduledTransition> Armed, IReadOnlyList<AuditEvent> Events)> RestAsync(
        EntityRevision rests, string? before, string? fired, CancellationToken cancellationToken)
    {
        (entity, failure) = (rests, null);
        if (taking is null) await SelectAsync(cancellationToken); // it has not run here
        (audit, failure) = ([], null);
        IReadOnlyList<ScheduledTransition> armed = await ArmAsync(before ?? entity.State, fired, cancellationToken, tolerates: true) ?? [];
        return (armed, audit);
    }

    private async ValueTask<Result<WorkflowOutcome>> RunAsync(string? transition, bool isSchedule, CancellationToken cancellationToken)
    {
        var settledBefore = entity.State;
        if (transition is not null) await TakeNamedAsync(transition, isSchedule, cancellationToken);
        await CascadeAsync(cancellationToken);
        var schedules = failure is null ? await ArmAsync(settledBefore, isSchedule ? transition : null, cancellationToken) : null;
        if (failure is not null) return failure;
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
            NoteRefusal(AuditEventTypes.WorkflowSkip, candidate.Name, candidate.Criterion!);
        }
        workflow = DefaultWorkflow.Definition;
        Note(AuditEventTypes.WorkflowNotFound, null);
    }

    private async ValueTask TakeNamedAsync(string name, bool isSchedule, CancellationToken cancellationToken)
    {
        var transition = Offered().FirstOrDefault(t => t.Name == name && !t.Disabled);
        if (transition is null)
            failure = WorkflowErrors.TransitionNotFound(name, entity.State, Offered().Where(t => t.IsOffered).Select(t => t.Name));
        else if (transition.IsScheduled && !isSchedule) failure = WorkflowErrors.FiresByItself(name);
        else if (await HoldsAsync(transition.Criterion, transition, cancellationToken))
            await TakeAsync(transition, isSchedule, cancellationToken);
        else if (failure is null) Decline(transition);
    }

    private void Decline(TransitionDefinition transition)
    {
        NoteRefusal(AuditEventTypes.TransitionNotMatchCriterion, transition.Name, transition.Criterion!);
        (failure, IsDeclined) = (WorkflowErrors.CriterionRejects(transition.Name, entity.State, audit[^1].Reason), true);
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
            NoteRefusal(AuditEventTypes.TransitionNotMatchCriterion, transition.Name, transition.Criterion!);
        }
        return null;
    }

    private async ValueTask TakeAsync(TransitionDefinition transition, bool isSchedule, CancellationToken cancellationToken)
    {
        taking = transition;
        if (isSchedule) Note(AuditEventTypes.ScheduledTransitionFire, transition.Name);
        foreach (var processor in transition.Processors)
        {
            await ProcessAsync(processor, transition, cancellationToken);
            if (failure is not null) return;
        }
        Note(AuditEventTypes.TransitionMake, transition.Name);
        Enter(transition.Next);
    }

    private void Enter(string state)
    {
        entity = entity with { State = state };
        var visit = visits[state] = visits.GetValueOrDefault(state) + 1;
        if (visit > VisitsMax) failure = WorkflowErrors.TooManyVisits(state);
    }

    private IReadOnlyList<TransitionDefinition> Offered() => workflow.States.GetValueOrDefault(entity.State)?.Transitions ?? [];

    private ComputeCall Call(TransitionDefinition? transition) => new(entity, workflow.Name, transition);

    private void Note(string type, string? detail, string? reason = null) =>
        audit.Add(new AuditEvent(type, entity.State, detail, null, reason));
}
