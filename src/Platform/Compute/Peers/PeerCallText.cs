using System.Buffers;
using System.Text.Json;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Compute.Peers;

/// <summary>
/// A call and its answer as they go between servers: JSON, with documents as they are. The organization comes with the token, not with
/// this.
/// </summary>
internal static class PeerCallText
{
    public const string MediaType = "application/json";

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = JsonGuard.DepthMax + 8 };

    public static ReadOnlyMemory<byte> Write(MemberCall call) => Write(json =>
    {
        var (entity, config) = (call.Call.Entity, call.Config);
        json.WriteString("requestId", call.RequestId);
        json.WriteString("kind", call.Kind.ToString());
        json.WriteString("name", call.Name);
        json.WriteString("workflow", call.Call.Workflow);
        json.WriteString("project", call.Call.Project);
        json.WriteString("token", call.TransactionToken);
        json.WriteString("trace", call.TraceParent);
        json.WriteString("transition", call.Call.Transition?.Name);
        json.WriteString("next", call.Call.Transition?.Next);
        json.WriteStartArray("tags");
        foreach (var tag in config.Tags) json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteBoolean("attachEntity", config.AttachEntity);
        json.WriteString("context", config.Context);
        json.WriteStartObject("entity");
        json.WriteString("id", entity.Id.Value);
        json.WriteString("model", entity.Model.Name);
        json.WriteNumber("modelVersion", entity.Model.Version);
        json.WriteNumber("revision", entity.Revision.Value);
        json.WriteString("commit", entity.Commit.Value);
        json.WriteString("state", entity.State);
        json.WriteString("createdAt", entity.CreatedAt);
        json.WriteString("changedAt", entity.ChangedAt);
        json.WriteString("changedBy", entity.ChangedBy);
        json.WriteString("transition", entity.Transition);
        WriteJson(json, "document", entity.Document);
        json.WriteEndObject();
    });

    /// <summary>Null where it is none: another version of the program may have written it.</summary>
    public static MemberCall? Read(TenantId tenant, ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Reading);
            return Read(tenant, document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException
            or ArgumentException)
        {
            return null;
        }
    }

    private static MemberCall Read(TenantId tenant, JsonElement call)
    {
        var transition = Text(call, "transition") is { } name
            ? new TransitionDefinition { Name = name, Next = Text(call, "next") ?? "" }
            : null;
        return new MemberCall
        {
            RequestId = call.GetProperty("requestId").GetString()!,
            Kind = Enum.Parse<MemberCallKind>(call.GetProperty("kind").GetString()!),
            Name = call.GetProperty("name").GetString()!,
            Config = new ComputeConfig
            {
                Tags = [.. call.GetProperty("tags").EnumerateArray().Select(t => t.GetString()!)],
                AttachEntity = call.GetProperty("attachEntity").GetBoolean(), Context = Text(call, "context"),
            },
            Call = new ComputeCall(ReadEntity(tenant, call.GetProperty("entity")), call.GetProperty("workflow").GetString()!, transition)
            {
                Project = Text(call, "project"),
            },
            TransactionToken = Text(call, "token"),
            TraceParent = Text(call, "trace"),
        };
    }

    private static EntityRevision ReadEntity(TenantId tenant, JsonElement entity) => new()
    {
        Tenant = tenant,
        Id = new EntityId(entity.GetProperty("id").GetGuid()),
        Model = new ModelKey(entity.GetProperty("model").GetString()!, entity.GetProperty("modelVersion").GetInt32()),
        Revision = new Revision(entity.GetProperty("revision").GetInt64()),
        Commit = new CommitId(entity.GetProperty("commit").GetGuid()),
        State = entity.GetProperty("state").GetString()!,
        CreatedAt = entity.GetProperty("createdAt").GetDateTimeOffset(),
        ChangedAt = entity.GetProperty("changedAt").GetDateTimeOffset(),
        ChangedBy = entity.GetProperty("changedBy").GetString()!,
        Transition = Text(entity, "transition"),
        Document = JsonText.From(entity.GetProperty("document")),
    };

    public static ReadOnlyMemory<byte> Write(MemberAnswer answer) => Write(json =>
    {
        json.WriteBoolean("matches", answer.Matches);
        if (answer.ResultKind is { } kind) json.WriteString("resultKind", kind);
        if (answer.Document is { } document) WriteJson(json, "document", document);
        if (answer.Result is { } result) WriteJson(json, "result", result);
        if (answer.Failure is not { } failure) return;
        json.WriteStartObject("failure");
        json.WriteString("code", failure.Code);
        json.WriteString("message", failure.Message);
        json.WriteBoolean("retryable", failure.Retryable);
        json.WriteEndObject();
    });

    public static MemberAnswer? ReadAnswer(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Reading);
            var answer = document.RootElement;
            return new MemberAnswer
            {
                Matches = answer.GetProperty("matches").GetBoolean(), ResultKind = Text(answer, "resultKind"),
                Document = Json(answer, "document"),
                Result = Json(answer, "result"),
                Failure = answer.TryGetProperty("failure", out var failure)
                        ? new MemberFailure(Text(failure, "code"), Text(failure, "message") ?? "",
                            failure.GetProperty("retryable").GetBoolean())
                        : null,
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static void WriteJson(Utf8JsonWriter json, string name, JsonText text)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(text.Utf8.Span, skipInputValidation: true);
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static JsonText? Json(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? JsonText.From(value) : null;
}
