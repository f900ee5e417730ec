using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;

namespace Strata.EntityApi.Transfer;

/// <summary>
/// The lines of an export, each one JSON object: <c>export</c> first, then <c>revision</c>s in the order of the log, then what is held now
/// (<c>claim</c>, <c>schedule</c>), and <c>end</c> last. <c>again</c> takes back the claims and schedules before it, because something was
/// written meanwhile.
/// </summary>
internal static class TransferLines
{
    public const int Format = 1;

    /// <summary>A document of 10 MiB, and room for the rest.</summary>
    public const int LineBytesMax = 16 * 1024 * 1024;

    public static void WriteHeader(Utf8JsonWriter json, Guid export, TenantId tenant, DateTimeOffset at)
    {
        json.WriteString("type", "export");
        json.WriteNumber("format", Format);
        json.WriteString("id", export);
        json.WriteString("organization", tenant.ToString());
        json.WriteString("at", at.UtcDateTime);
    }

    public static void WriteRevision(Utf8JsonWriter json, EntityRevision revision)
    {
        json.WriteString("type", "revision");
        json.WriteNumber("revision", revision.Revision.Value);
        json.WriteString("entity", revision.Id.Value);
        json.WriteString("model", revision.Model.Name);
        json.WriteNumber("version", revision.Model.Version);
        json.WriteString("commit", revision.Commit.Value);
        json.WriteString("state", revision.State);
        json.WriteString("createdAt", revision.CreatedAt.UtcDateTime);
        json.WriteString("changedAt", revision.ChangedAt.UtcDateTime);
        json.WriteString("changedBy", revision.ChangedBy);
        if (revision.Transition is not null) json.WriteString("transition", revision.Transition);
        if (revision.Deleted) json.WriteBoolean("deleted", true);
        if (revision.Audit.Count > 0) WriteAudit(json, revision.Audit);
        json.WritePropertyName("document");
        json.WriteRawValue(revision.Document.Utf8.Span, skipInputValidation: true);
    }

    public static void WriteClaim(Utf8JsonWriter json, HeldClaim claim)
    {
        json.WriteString("type", "claim");
        json.WriteString("entity", claim.Entity.Value);
        json.WriteString("model", claim.Model);
        json.WriteString("key", claim.Claim.Key);
        json.WriteString("value", claim.Claim.Value);
    }

    public static void WriteSchedule(Utf8JsonWriter json, HeldSchedule schedule, int ordinal)
    {
        json.WriteString("type", "schedule");
        json.WriteString("entity", schedule.Entity.Value);
        json.WriteNumber("revision", schedule.Revision.Value);
        json.WriteNumber("ordinal", ordinal);
        json.WriteString("transition", schedule.Schedule.Transition);
        json.WriteString("dueAt", schedule.Schedule.DueAt.UtcDateTime);
        if (schedule.Schedule.ExpiresAt is { } expires) json.WriteString("expiresAt", expires.UtcDateTime);
    }

    /// <exception cref="TransferFaultException">The line is not one that an export has.</exception>
    public static EntityRevision ReadRevision(JsonElement line, TenantId tenant)
    {
        var model = new ModelKey(Text(line, "model"), line.GetProperty("version").GetInt32());
        var document = JsonGuard.Check(JsonText.From(line.GetProperty("document")).Utf8);
        var revision = new EntityRevision
        {
            Tenant = tenant,
            Id = new EntityId(line.GetProperty("entity").GetGuid()),
            Model = model,
            Revision = new Revision(line.GetProperty("revision").GetInt64()),
            Commit = new CommitId(line.GetProperty("commit").GetGuid()),
            State = Text(line, "state"),
            CreatedAt = line.GetProperty("createdAt").GetDateTimeOffset(),
            ChangedAt = line.GetProperty("changedAt").GetDateTimeOffset(),
            ChangedBy = Text(line, "changedBy"),
            Transition = line.TryGetProperty("transition", out var transition) ? transition.GetString() : null,
            Deleted = line.TryGetProperty("deleted", out var deleted) && deleted.GetBoolean(),
            Audit = line.TryGetProperty("audit", out var audit) ? [.. audit.EnumerateArray().Select(ReadAudit)] : [],
            Document = document.IsOk ? document.Value : throw new TransferFaultException(document.Error.Message),
        };
        if (model.Version < 1 || model.Name.Length is 0 or > ModelKey.NameLengthMax || revision.Revision.Value < 1)
            throw new TransferFaultException("It names no model, or no revision.");
        // Tokens, webhooks and the like are not users' data: importing them would be a way to rights that were never granted.
        if (!ModelFilter.UsersAndDefinitions.Wants(model)) throw new TransferFaultException($"{model} is the platform's own.");
        if (model == StoredModel.Key && !StoredModel.IsSound(revision))
            throw new TransferFaultException("Its definition of a model cannot be read.");
        return revision;
    }

    public static HeldClaim ReadClaim(JsonElement line)
    {
        var claim = new UniqueClaim(Text(line, "key"), Text(line, "value"));
        if (System.Text.Encoding.UTF8.GetByteCount(claim.Value) > UniqueClaim.ValueBytesMax)
            throw new TransferFaultException("Its value is too long.");
        return new HeldClaim("", new EntityId(line.GetProperty("entity").GetGuid()), Text(line, "model"), claim);
    }

    public static HeldSchedule ReadSchedule(JsonElement line)
    {
        var (entity, revision) = (line.GetProperty("entity").GetGuid(), line.GetProperty("revision").GetInt64());
        DateTimeOffset? expires = line.TryGetProperty("expiresAt", out var at) ? at.GetDateTimeOffset() : null;
        var schedule = new ScheduledTransition(Text(line, "transition"), line.GetProperty("dueAt").GetDateTimeOffset(), expires);
        return new HeldSchedule(FormattableString.Invariant($"{entity}/{revision:D19}/{line.GetProperty("ordinal").GetInt32():D6}"),
            new EntityId(entity), new Revision(revision), schedule);
    }

    /// <summary>[type, state, detail], or with more detail [type, state, detail, criterion, reason].</summary>
    private static AuditEvent ReadAudit(JsonElement e) => e.GetArrayLength() <= 3
        ? new AuditEvent(e[0].GetString()!, e[1].GetString(), e[2].GetString())
        : new AuditEvent(e[0].GetString()!, e[1].GetString(), e[2].GetString(), e[3].GetString(), e[4].GetString());

    private static void WriteAudit(Utf8JsonWriter json, IReadOnlyList<AuditEvent> audit)
    {
        json.WriteStartArray("audit");
        foreach (var one in audit)
        {
            json.WriteStartArray();
            json.WriteStringValue(one.Type);
            json.WriteStringValue(one.State);
            json.WriteStringValue(one.Detail);
            if (one.Criterion is not null || one.Reason is not null)
            {
                json.WriteStringValue(one.Criterion);
                json.WriteStringValue(one.Reason);
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static string Text(JsonElement line, string name) =>
        line.GetProperty(name).GetString() is { Length: > 0 and <= 4096 } text && !text.Contains('\0')
            ? text : throw new TransferFaultException($"\"{name}\" must be a text.");
}

/// <summary>Says what is wrong with a line.</summary>
internal sealed class TransferFaultException(string message) : Exception(message);
