namespace Strata.Entities.Log;

/// <summary>One step that the workflow machine took. Times and actors are those of the commit that holds it.</summary>
/// <param name="Type">As written by the entity API, for example TRANSITION_MAKE.</param>
/// <param name="State">The state in which it happened.</param>
/// <param name="Detail">What it speaks of: a transition, a workflow, a processor; null when nothing more is to be said.</param>
/// <param name="Criterion">The criterion that did not hold, in words; null where none was in question.</param>
/// <param name="Reason">Why, in words; of SCHEDULED_TRANSITION_ARM the time that it is due, of PAUSE_FOR_PROCESSING the processor.</param>
public sealed record AuditEvent(string Type, string? State, string? Detail, string? Criterion = null, string? Reason = null)
{
    /// <summary>Of a criterion or a reason in characters; what is longer is cut when it is made.</summary>
    public const int WordsLengthMax = 400;

    /// <summary>The name in <see cref="Detail"/>, without the error code that follows it in some events.</summary>
    public string? Subject => Reason is not null && Type is AuditEventTypes.StateProcessResult or AuditEventTypes.ScheduledTransitionFail
        && Detail is not null
        && Detail.LastIndexOf(": ", StringComparison.Ordinal) is > 0 and var at ? Detail[..at] : Detail;
}

/// <summary>The types of audit events, written as in the entity API.</summary>
public static class AuditEventTypes
{
    public const string StateMachineStart = "STATE_MACHINE_START";
    public const string StateMachineFinish = "STATE_MACHINE_FINISH";
    public const string Cancel = "CANCEL";

    public const string WorkflowFound = "WORKFLOW_FOUND";
    public const string WorkflowNotFound = "WORKFLOW_NOT_FOUND";
    public const string WorkflowSkip = "WORKFLOW_SKIP";
    public const string TransitionMake = "TRANSITION_MAKE";
    public const string TransitionNotFound = "TRANSITION_NOT_FOUND";
    public const string TransitionNotMatchCriterion = "TRANSITION_NOT_MATCH_CRITERION";
    public const string TransitionAborted = "TRANSITION_ABORTED";
    public const string ProcessNotMatchCriterion = "PROCESS_NOT_MATCH_CRITERION";
    public const string PauseForProcessing = "PAUSE_FOR_PROCESSING";
    public const string StateProcessResult = "STATE_PROCESS_RESULT";
    public const string ScheduledTransitionArm = "SCHEDULED_TRANSITION_ARM";
    public const string ScheduledTransitionFire = "SCHEDULED_TRANSITION_FIRE";
    public const string ScheduledTransitionExpire = "SCHEDULED_TRANSITION_EXPIRE";
    public const string ScheduledTransitionCancel = "SCHEDULED_TRANSITION_CANCEL";
    public const string ScheduledTransitionFail = "SCHEDULED_TRANSITION_FAIL";

    /// <summary>Strata's own: which request made the commit, by its fingerprint.</summary>
    public const string Request = "REQUEST";
}
