using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.EntityApi.Workflows;

/// <summary>One audit event: that a commit changed the entity, or one step that the workflow took in it.</summary>
/// <param name="Steps">All steps of the commit, in the order in which they were taken.</param>
/// <param name="At">The step that this is; null: the change itself.</param>
internal sealed record AuditItem(EntityRevision Revision, IReadOnlyList<AuditEvent> Steps, int? At)
{
    public const string EntityChange = "EntityChange";
    public const string StateMachine = "StateMachine";

    /// <summary>More than any index of a step.</summary>
    public const int LastIndex = int.MaxValue;

    public string Kind => At is null ? EntityChange : StateMachine;

    public AuditEvent? Step => At is { } at ? Steps[at] : null;

    public AuditPosition Position => new(Revision.Revision, At is { } at ? Steps.Count - at : 0);

    public string Severity => Step switch
    {
        { Type: AuditEventTypes.TransitionAborted or AuditEventTypes.Cancel or AuditEventTypes.ScheduledTransitionFail } => "ERROR",
        { Type: AuditEventTypes.StateProcessResult, Reason: not null } => "WARN",
        { Type: AuditEventTypes.ScheduledTransitionExpire or AuditEventTypes.TransitionNotFound } => "WARN",
        _ => "INFO",
    };

    /// <summary>The workflow that the step belongs to; null if its commit does not name it.</summary>
    public string? Workflow =>
        Steps.FirstOrDefault(step => step.Type is AuditEventTypes.WorkflowFound or AuditEventTypes.WorkflowNotFound) switch
    {
        null => null,
        { Type: AuditEventTypes.WorkflowFound } found => found.Detail,
        _ => DefaultWorkflow.Definition.Name,
    };

    public static IEnumerable<AuditItem> Of(EntityRevision revision)
    {
        var steps = revision.Audit.Where(step => step.Type != AuditEventTypes.Request).ToList();
        yield return new AuditItem(revision, steps, null);
        for (var at = steps.Count - 1; at >= 0; at--) yield return new AuditItem(revision, steps, at);
    }
}
