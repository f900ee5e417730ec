using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Narrative;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>Makes a report of what a machine did that only tried. For one run.</summary>
internal sealed class DryRunReport(ModelDefinition model, WorkflowMachine machine, DryRunAnswers answers)
{
    private readonly List<AuditEvent> events = [.. answers.Committed, .. machine.Audit];

    public DryRun Of(EntityRevision entity, string? transition, WorkflowOutcome? outcome, Error? error) => new()
    {
        Entity = entity,
        Workflow = machine.Workflow.Name,
        State = StateReached(entity, error),
        Offers = [.. Offers(StateReached(entity, error))],
        Error = error,
        Steps = [.. Steps(transition)],
        Refusals = [.. events.Where(IsRefusal).Select(Refusal)],
        Armed = outcome?.Schedules ?? [],
        Disarmed = [.. events.Where(step => step.Type == AuditEventTypes.ScheduledTransitionCancel).Select(step => step.Detail!)],
    };

    private string StateReached(EntityRevision entity, Error? error) =>
        error is null ? machine.Entity.State : answers.Committed.Count > 0 ? answers.Committed[^1].State! : entity.State;

    private IEnumerable<DryOffer> Offers(string state)
    {
        var entity = machine.Entity with { State = state };
        foreach (var transition in machine.Workflow.States.GetValueOrDefault(state)?.Transitions.Where(
            transition => transition.IsOffered) ?? [])
        {
            var isRefused = transition.Criterion?.Explain(entity).Any(verdict => verdict.IsToBlame) == true;
            yield return new DryOffer(
                transition.Name, transition.Next, transition.Criterion?.ToWords(), isRefused ? transition.Criterion!.WhyNot(entity) : null);
        }
    }

    private IEnumerable<DryStep> Steps(string? asked)
    {
        for (var at = 0; at < events.Count; at++)
        {
            if (events[at] is not { Type: AuditEventTypes.TransitionMake, Detail: { } name, State: { } from }) continue;
            yield return new DryStep(
                name, from, StepWords.StateBehind(events, at) ?? machine.Entity.State, asked is null, [.. CallsOf(name, from)]);
            asked = null;
        }
        // What is still there was to be called by a transition that did not come to its end.
        if (answers.Calls.TryPeek(out var last))
            yield return new DryStep(last.Transition, last.State, null, asked is null, [.. CallsOf(last.Transition, last.State)]);
    }

    private IEnumerable<DryCall> CallsOf(string transition, string state)
    {
        while (answers.Calls.TryPeek(out var next) && next.Transition == transition && next.State == state)
            yield return answers.Calls.Dequeue().Call;
    }

    private static bool IsRefusal(AuditEvent step) =>
        step.Type is AuditEventTypes.TransitionNotMatchCriterion or AuditEventTypes.WorkflowSkip
            or AuditEventTypes.ProcessNotMatchCriterion;

    private DryRefusal Refusal(AuditEvent step) =>
        new(step, CriterionOf(step)?.Explain(machine.Entity with { State = step.State ?? "" }) ?? []);

    private Criterion? CriterionOf(AuditEvent step)
    {
        if (step.Type == AuditEventTypes.WorkflowSkip)
            return model.Workflows.FirstOrDefault(workflow => workflow.Name == step.Detail)?.Criterion;
        var transitions = machine.Workflow.States.GetValueOrDefault(step.State ?? "")?.Transitions ?? [];
        if (step.Type == AuditEventTypes.TransitionNotMatchCriterion)
            return transitions.FirstOrDefault(transition => transition.Name == step.Detail)?.Criterion;
        var processors = transitions.SelectMany(transition => transition.Processors).Where(processor => processor.Name == step.Detail);
        return processors.Select(processor => processor.Criterion).FirstOrDefault(criterion => criterion is not null);
    }
}
