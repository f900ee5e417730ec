using System.Text.Json;
using Strata.Entities.Log;

namespace Strata.EntityApi.Workflows;

/// <summary>Writes the audit trail as the entity API tells it.</summary>
internal static class AuditWriter
{
    /// <summary>One change and, behind it, each step that the workflow took in it.</summary>
    public static void Write(Utf8JsonWriter json, EntityRevision revision)
    {
        WriteItem(json, revision, "EntityChange", null);
        foreach (var step in revision.Audit.Where(a => a.Type != AuditEventTypes.Request)) WriteItem(json, revision, "StateMachine", step);
    }

    private static void WriteItem(Utf8JsonWriter json, EntityRevision revision, string type, AuditEvent? step)
    {
        json.WriteStartObject();
        json.WriteString("auditEventType", type);
        json.WriteString("severity", "INFO");
        json.WriteString("utcTime", revision.ChangedAt.UtcDateTime);
        json.WriteNumber("microsTime", (revision.ChangedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        json.WriteString("entityId", revision.Id.Value);
        json.WriteString("entityModel", revision.Model.ToString());
        json.WriteString("transactionId", revision.Commit.Value);
        json.WriteStartObject("actor");
        json.WriteString("id", revision.ChangedBy);
        json.WriteString("legalId", revision.Tenant.ToString());
        json.WriteEndObject();
        if (step is null) json.WriteString("changeType", EntityWriter.ChangeType(revision, revision.CreatedAt == revision.ChangedAt));
        else WriteStep(json, step);
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, AuditEvent step)
    {
        json.WriteString("eventType", step.Type);
        if (step.State is { Length: > 0 }) json.WriteString("state", step.State);
        if (step.Detail is not null) json.WriteString("details", step.Detail);
    }
}
