using System.Text.Json;
using Strata.Entities.Log;
using Strata.Entities.Narrative;

namespace Strata.EntityApi.Workflows;

/// <summary>Writes the members of <c>data</c> that the entity API has for each type of step.</summary>
internal static class StepData
{
    public static void Write(Utf8JsonWriter json, AuditItem item, int at)
    {
        var step = item.Steps[at];
        switch (step.Type)
        {
            case AuditEventTypes.StateMachineStart: WriteText(json, "state", step.State); break;
            case AuditEventTypes.StateMachineFinish: WriteFinish(json, item, at); break;
            case AuditEventTypes.Cancel: WriteText(json, "reason", step.Reason); break;
            case AuditEventTypes.StateProcessResult: WriteProcessed(json, item, at); break;
            case AuditEventTypes.PauseForProcessing: WritePause(json, item, step); break;
            case AuditEventTypes.TransitionAborted: WriteNamed(json, "transitionName", step); break;
            default: WriteOther(json, item, at); break;
        }
    }

    private static void WriteOther(Utf8JsonWriter json, AuditItem item, int at)
    {
        var step = item.Steps[at];
        if (step.Type is AuditEventTypes.WorkflowFound or AuditEventTypes.WorkflowSkip)
        {
            WriteNamed(json, "workflowName", step);
            return;
        }
        WriteText(json, "workflowName", item.Workflow);
        if (step.Type == AuditEventTypes.WorkflowNotFound) return;
        var isProcessor = step.Type == AuditEventTypes.ProcessNotMatchCriterion;
        WriteNamed(json, isProcessor ? "processorClassName" : "transition", step);
        if (step.Type == AuditEventTypes.TransitionMake) WriteText(json, "newState", StepWords.StateBehind(item.Steps, at));
    }

    private static void WriteNamed(Utf8JsonWriter json, string name, AuditEvent step)
    {
        WriteText(json, name, step.Subject);
        WriteText(json, "criterion", step.Criterion);
        WriteText(json, step.Type == AuditEventTypes.ScheduledTransitionArm ? "scheduledTime" : "reason", step.Reason);
    }

    private static void WritePause(Utf8JsonWriter json, AuditItem item, AuditEvent step)
    {
        WriteText(json, "workflowName", item.Workflow);
        WriteText(json, "transition", step.Detail);
        json.WriteStartArray("processNames");
        json.WriteStringValue(step.Reason);
        json.WriteEndArray();
    }

    private static void WriteProcessed(Utf8JsonWriter json, AuditItem item, int at)
    {
        var step = item.Steps[at];
        json.WriteStartObject("stateProcessId");
        json.WriteBoolean("persisted", false);
        json.WriteNumber("runtimeId", item.Steps.Take(at).Count(one => one.Type == step.Type));
        json.WriteEndObject();
        WriteText(json, "stateProcessClassName", step.Subject);
        json.WriteString("stateProcessType", step.Reason is null ? "SUCCESS" : "FAIL");
        WriteText(json, "failReason", step.Reason);
    }

    private static void WriteFinish(Utf8JsonWriter json, AuditItem item, int at)
    {
        var rejected = item.Steps.Take(at).Reverse().TakeWhile(step => step.Type != AuditEventTypes.TransitionMake)
            .Where(step => step.Type == AuditEventTypes.TransitionNotMatchCriterion).Reverse().ToList();
        WriteText(json, "state", item.Steps[at].State);
        json.WriteBoolean("success", true);
        json.WriteStartObject("stopReason");
        json.WriteString("type", rejected.Count > 0 ? "COMPLETED_ALL_CRITERIA_REJECTED" : "COMPLETED_NO_AUTO_TRANSITIONS");
        json.WriteString("description", rejected.Count > 0
            ? "No criterion of the state's automatic transitions holds." : "The state has no automatic transitions.");
        if (rejected.Count > 0) WriteRejected(json, rejected);
        json.WriteEndObject();
    }

    private static void WriteRejected(Utf8JsonWriter json, List<AuditEvent> rejected)
    {
        json.WriteStartArray("rejectedTransitions");
        foreach (var step in rejected)
        {
            json.WriteStartObject();
            json.WriteString("transitionName", step.Detail);
            json.WriteString("criterion", step.Criterion ?? "");
            json.WriteString("reason", step.Reason ?? "");
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is { Length: > 0 }) json.WriteString(name, text);
    }
}
