using System.Buffers;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>
/// A resource's document in the log: <c>{"v","name","project"?,"labels"?,"spec":{…},"status":{…}}</c>, where <c>v</c> is the
/// kind's version that wrote it. All else of a resource is the entity's own.
/// </summary>
/// <param name="Project">Id (<c>prj_…</c>); null for kinds outside projects.</param>
internal sealed record ResourceDocument<TSpec, TStatus>(
    string Name, TSpec Spec, TStatus Status, string? Project = null, IReadOnlyDictionary<string, string>? Labels = null);

public static class ResourceDocument
{
    public const int BytesMax = 1 << 20;

    internal const string VersionMember = "v";

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = WireJson.Options.Encoder, MaxDepth = JsonGuard.DepthMax };

    /// <summary>Writes a document; it may be too large or hold what cannot be stored (a NUL).</summary>
    public static Result<JsonText> Write(
        Kind kind, string name, string? project, IReadOnlyDictionary<string, string>? labels, JsonText spec, JsonText status)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + spec.Utf8.Length + status.Utf8.Length);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber(VersionMember, kind.Version);
            json.WriteString("name", name);
            if (project is not null) json.WriteString("project", project);
            if (labels is { Count: > 0 }) WriteLabels(json, labels);
            WriteRaw(json, "spec", spec);
            WriteRaw(json, "status", status);
            json.WriteEndObject();
        }
        return buffer.WrittenCount > BytesMax ? ResourceErrors.TooLarge(kind, buffer.WrittenCount) : JsonGuard.Check(buffer.WrittenMemory);
    }

    public static Resource<TSpec, TStatus> ToResource<TSpec, TStatus>(Kind kind, EntityRevision revision)
    {
        var document = revision.Document.To(WireJson.Of<ResourceDocument<TSpec, TStatus>>());
        return new Resource<TSpec, TStatus>
        {
            Id = kind.IdOf(revision.Id),
            Kind = kind.Name,
            Name = document.Name,
            Org = revision.Tenant.ToString(),
            Project = document.Project,
            Labels = document.Labels ?? new Dictionary<string, string>(),
            State = revision.State,
            Revision = revision.Revision.Value,
            CreatedAt = revision.CreatedAt,
            UpdatedAt = revision.ChangedAt,
            UpdatedBy = revision.ChangedBy,
            Transition = revision.Transition,
            Deleted = revision.Deleted,
            Spec = document.Spec,
            Status = document.Status,
        };
    }

    /// <summary>The version of its kind that wrote a document; 1 where it does not say.</summary>
    public static int VersionOf(JsonText document)
    {
        var json = ReaderOf(document);
        return json.Read() && TryEnter(ref json, VersionMember) && json.TokenType == JsonTokenType.Number
            && json.TryGetInt32(out var version) && version > 0
            ? version : 1;
    }

    /// <summary>Whether a document can be a resource's: an object with a name.</summary>
    public static bool IsReadable(JsonText document) => ReadText(document, "name") is not null;

    /// <summary>A text in a document, without parsing the whole of it; null where it is missing or no text.</summary>
    /// <param name="path">Of members, for example <c>spec</c>, <c>deployment</c>; empty: the document is the text.</param>
    public static string? ReadText(JsonText document, params ReadOnlySpan<string> path)
    {
        var json = ReaderOf(document);
        json.Read();
        foreach (var member in path)
        {
            if (!TryEnter(ref json, member)) return null;
        }
        return json.TokenType == JsonTokenType.String ? json.GetString() : null;
    }

    private static Utf8JsonReader ReaderOf(JsonText document) =>
        new(document.Utf8.Span, new JsonReaderOptions { MaxDepth = JsonGuard.DepthMax });

    /// <summary>From the start of an object to a member's value.</summary>
    private static bool TryEnter(ref Utf8JsonReader json, string member)
    {
        if (json.TokenType != JsonTokenType.StartObject) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = json.ValueTextEquals(member);
            json.Read();
            if (isIt) return true;
            json.Skip();
        }
        return false;
    }

    /// <summary>The name in a resource's document.</summary>
    public static string NameOf(EntityRevision revision) => ReadText(revision.Document, "name")!;

    /// <summary>Id of the project in a resource's document; null for kinds outside projects.</summary>
    public static string? ProjectOf(EntityRevision revision) => ReadText(revision.Document, "project");

    private static void WriteLabels(Utf8JsonWriter json, IReadOnlyDictionary<string, string> labels)
    {
        json.WriteStartObject("labels");
        foreach (var (key, value) in labels.OrderBy(l => l.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, JsonText value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
    }
}
