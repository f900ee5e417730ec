using System.Text.Json;
using Strata.Entities.Log;
using Strata.Entities.Narrative;

namespace Strata.EntityApi.Workflows;

/// <summary>Writes the audit trail as the entity API shows it.</summary>
internal static class AuditWriter
{
    /// <param name="listing">That its cursor goes on in.</param>
    public static void Write(Utf8JsonWriter json, AuditPage page, string listing)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var item in page.Items) Write(json, item);
        json.WriteEndArray();
        json.WriteStartObject("pagination");
        json.WriteBoolean("hasNext", page.Next is not null);
        if (page.Next is { } next) json.WriteString("nextCursor", next.ToCursor(listing));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, AuditItem item)
    {
        var revision = item.Revision;
        json.WriteStartObject();
        json.WriteString("auditEventType", item.Kind);
        json.WriteString("severity", item.Severity);
        json.WriteString("utcTime", revision.ChangedAt.UtcDateTime);
        json.WriteNumber("microsTime", (revision.ChangedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        json.WriteString("consistencyTime", revision.ChangedAt.UtcDateTime);
        json.WriteString("entityId", revision.Id.Value);
        json.WriteString("entityModel", revision.Model.ToString());
        json.WriteString("transactionId", revision.Commit.Value);
        json.WriteBoolean("system", revision.ChangedBy.StartsWith("system:", StringComparison.Ordinal));
        WriteActor(json, revision);
        if (item.At is { } at) WriteStep(json, item, at);
        else json.WriteString("changeType", EntityWriter.ChangeType(revision, revision.CreatedAt == revision.ChangedAt));
        json.WriteEndObject();
    }

    private static void WriteActor(Utf8JsonWriter json, EntityRevision revision)
    {
        json.WriteStartObject("actor");
        json.WriteString("id", revision.ChangedBy);
        json.WriteString("legalId", revision.Tenant.ToString());
        json.WriteString("name", revision.ChangedBy);
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, AuditItem item, int at)
    {
        var step = item.Steps[at];
        json.WriteString("eventType", step.Type);
        if (step.State is { Length: > 0 }) json.WriteString("state", step.State);
        json.WriteString("details", StepWords.Of(item.Steps, at));
        json.WriteStartObject("data");
        json.WriteString("eventType", step.Type);
        StepData.Write(json, item, at);
        json.WriteEndObject();
    }
}
