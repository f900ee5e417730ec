using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// Writes a revision as a resource (see <see cref="Resource{TSpec,TStatus}"/>) without reading it into types: spec and status stand in the
/// document as they are sent. What a document lacks, because it cannot be read, is written empty: it can still be seen and deleted.
/// </summary>
internal static class ResourceWriter
{
    public static void Write(Utf8JsonWriter json, Kind kind, EntityRevision revision, Shown shown, bool deleted = false)
    {
        using var document = revision.Document.Parse();
        var root = document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement : JsonElement.Parse("{}");
        json.WriteStartObject();
        json.WriteString("id", kind.IdOf(revision.Id));
        json.WriteString("kind", kind.Name);
        json.WriteString("name", TextOf(root, "name") ?? "");
        json.WriteString("org", revision.Tenant.ToString());
        if (TextOf(root, "project") is { } project) json.WriteString("project", project);
        json.WritePropertyName("labels");
        if (shown != Shown.Identity && root.TryGetProperty("labels", out var labels)) labels.WriteTo(json);
        else json.WriteRawValue("{}"u8);
        json.WriteString("state", shown == Shown.Identity ? "" : revision.State);
        json.WriteNumber("revision", revision.Revision.Value);
        json.WriteString("createdAt", revision.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt", revision.ChangedAt.UtcDateTime);
        json.WriteString("updatedBy", shown == Shown.Identity ? "" : revision.ChangedBy);
        if (shown != Shown.Identity && revision.Transition is not null) json.WriteString("transition", revision.Transition);
        if (revision.Deleted || deleted) json.WriteBoolean("deleted", true);
        var parts = shown == Shown.Identity ? default : root;
        WritePart(json, parts, "spec", shown == Shown.Whole ? [] : kind.PrivateSpec);
        WritePart(json, parts, "status", kind.HiddenStatus);
        json.WriteEndObject();
    }

    private static string? TextOf(JsonElement document, string name) =>
        document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static void WritePart(Utf8JsonWriter json, JsonElement document, string name, IReadOnlyList<string> hidden)
    {
        json.WritePropertyName(name);
        if (document.ValueKind != JsonValueKind.Object || !document.TryGetProperty(name, out var part)
            || part.ValueKind != JsonValueKind.Object) json.WriteRawValue("{}"u8);
        else if (hidden.Count == 0) part.WriteTo(json);
        else WriteOthers(json, part, hidden);
    }

    private static void WriteOthers(Utf8JsonWriter json, JsonElement part, IReadOnlyList<string> hidden)
    {
        json.WriteStartObject();
        foreach (var member in part.EnumerateObject().Where(m => !hidden.Contains(m.Name))) member.WriteTo(json);
        json.WriteEndObject();
    }
}
