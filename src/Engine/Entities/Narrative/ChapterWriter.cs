using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Narrative;

/// <summary>Writes what one commit did. For one commit.</summary>
/// <param name="before">The workflow that applied in the commit before; null: not known.</param>
internal sealed class ChapterWriter(EntityRevision revision, bool isCreation, string? before)
{
    private readonly List<AuditEvent> steps = [.. revision.Audit.Where(step => step.Type != AuditEventTypes.Request)];

    /// <summary>The workflow that applies from here on.</summary>
    public string? Workflow =>
        steps.Find(step => step.Type is AuditEventTypes.WorkflowFound or AuditEventTypes.WorkflowNotFound) is { } selected
            ? selected.Detail ?? "" : before;

    public Chapter Write()
    {
        var sentences = new List<string>();
        for (var at = 0; at < steps.Count; at++)
        {
            if (Describe(at) is { } sentence) sentences.Add(sentence);
        }
        return new Chapter(revision.ChangedAt, revision.Commit, revision.ChangedBy, Title(), sentences);
    }

    private string Title()
    {
        var by = revision.ChangedBy;
        if (revision.Deleted) return $"{by} deletes it.";
        if (isCreation) return revision.Transition is { } first ? $"{by} creates it and asks for \"{first}\"." : $"{by} creates it.";
        if (steps.Exists(step => step.Type == AuditEventTypes.TransitionAborted)) return $"What {by} started is aborted.";
        if (steps is [{ Type: AuditEventTypes.StateProcessResult }, ..])
            return $"What {by} started continues, as the processor has answered.";
        if (by == ScheduleRunner.Actor) return "The scheduler looks after it.";
        return revision.Transition is null or "loopback" ? $"{by} changes it." : $"{by} asks for \"{revision.Transition}\".";
    }

    private string? Describe(int at) => steps[at].Type switch
    {
        AuditEventTypes.StateMachineStart => null,
        // Said once, not at every change that it governs.
        AuditEventTypes.WorkflowFound or AuditEventTypes.WorkflowNotFound or AuditEventTypes.WorkflowSkip when Workflow == before => null,
        AuditEventTypes.TransitionMake => $"{StepWords.Of(steps, at).TrimEnd('.')}, {Why(at)}.",
        _ => StepWords.Of(steps, at),
    };

    private string Why(int at)
    {
        var name = steps[at].Detail;
        if (steps.Take(at).Any(step => step.Type == AuditEventTypes.ScheduledTransitionFire && step.Detail == name))
            return "because it is due";
        var isFirst = !steps.Take(at).Any(step => step.Type == AuditEventTypes.TransitionMake);
        return isFirst && name == revision.Transition
            ? $"as {revision.ChangedBy} asked"
            : $"by itself: of the automatic transitions of {steps[at].State} it is the first that may";
    }
}
