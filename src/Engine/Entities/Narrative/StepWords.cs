using Strata.Entities.Log;

namespace Strata.Entities.Narrative;

/// <summary>One step of a workflow as a sentence. For people: the words may change. Stateless.</summary>
public static class StepWords
{
    /// <param name="steps">Of one commit, in order: the result of a step is in the one after it.</param>
    public static string Of(IReadOnlyList<AuditEvent> steps, int at)
    {
        var step = steps[at];
        return step.Type switch
        {
            AuditEventTypes.StateMachineStart => step.State is { Length: > 0 }
                ? $"The workflow evaluates it in the state {step.State}."
                : "The workflow begins.",
            AuditEventTypes.StateMachineFinish => $"It rests in the state {step.State}.",
            AuditEventTypes.Cancel => $"The run ended there: {step.Reason}",
            AuditEventTypes.WorkflowFound => $"The workflow \"{step.Detail}\" applies.",
            AuditEventTypes.WorkflowNotFound => "No workflow of the model applies, so the built-in one does.",
            AuditEventTypes.WorkflowSkip => $"The workflow \"{step.Detail}\" does not apply: {step.Reason}.",
            AuditEventTypes.TransitionMake => $"\"{step.Detail}\" takes it from {step.State} to {StateBehind(steps, at)}.",
            AuditEventTypes.TransitionNotFound => $"The workflow no longer has the transition \"{step.Detail}\" in the state {step.State}.",
            AuditEventTypes.TransitionNotMatchCriterion =>
                $"\"{step.Detail}\" does not fire: {step.Reason ?? "its criterion does not hold"}.",
            AuditEventTypes.TransitionAborted => $"\"{step.Detail}\" was given up: {step.Reason}",
            _ => OfProcessor(step) ?? OfSchedule(step) ?? step.Type,
        };
    }

    /// <summary>The state that a transition led to.</summary>
    public static string? StateBehind(IReadOnlyList<AuditEvent> steps, int at) => at + 1 < steps.Count ? steps[at + 1].State : null;

    private static string? OfProcessor(AuditEvent step) => step.Type switch
    {
        AuditEventTypes.ProcessNotMatchCriterion => $"The processor \"{step.Detail}\" is skipped: {step.Reason}.",
        AuditEventTypes.PauseForProcessing =>
            $"What was done so far is committed before the processor \"{step.Reason}\" of \"{step.Detail}\" is called.",
        AuditEventTypes.StateProcessResult when step.Reason is null => $"The processor \"{step.Detail}\" did its work.",
        AuditEventTypes.StateProcessResult => $"The processor \"{step.Subject}\" failed, which does not stop the transition: {step.Reason}",
        _ => null,
    };

    private static string? OfSchedule(AuditEvent step) => step.Type switch
    {
        AuditEventTypes.ScheduledTransitionArm => $"\"{step.Detail}\" is armed and fires by itself at {step.Reason}.",
        AuditEventTypes.ScheduledTransitionFire => $"\"{step.Detail}\" is due.",
        AuditEventTypes.ScheduledTransitionExpire => $"\"{step.Detail}\" expired and no longer fires.",
        AuditEventTypes.ScheduledTransitionCancel => $"\"{step.Detail}\" is disarmed.",
        AuditEventTypes.ScheduledTransitionFail => $"\"{step.Subject}\" could not be taken: {step.Reason}",
        _ => null,
    };
}
