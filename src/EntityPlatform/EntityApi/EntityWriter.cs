using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>Writes what the entity API answers.</summary>
public static class EntityWriter
{
    /// <param name="type">What the envelope calls itself: ENTITY over HTTP, JSON in CloudEvents.</param>
    public static void WriteEnvelope(Utf8JsonWriter json, EntityRevision entity, DateTimeOffset? pointInTime = null, string type = "ENTITY")
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WritePropertyName("data");
        json.WriteRawValue(entity.Document.Utf8.Span, skipInputValidation: true);
        json.WriteStartObject("meta");
        json.WriteString("id", entity.Id.Value);
        WriteModel(json, entity.Model);
        json.WriteString("state", entity.State);
        json.WriteString("creationDate", entity.CreatedAt.UtcDateTime);
        json.WriteString("lastUpdateTime", entity.ChangedAt.UtcDateTime);
        if (pointInTime is { } time) json.WriteString("pointInTime", time.UtcDateTime);
        json.WriteString("transactionId", entity.Commit.Value);
        if (entity.Transition is not null) json.WriteString("transitionForLatestSave", entity.Transition);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    internal static void WriteModel(Utf8JsonWriter json, ModelKey model)
    {
        json.WriteStartObject("modelKey");
        json.WriteString("name", model.Name);
        json.WriteNumber("version", model.Version);
        json.WriteEndObject();
    }

    /// <summary>{transactionId, entityIds[]} of one commit, without the model that may have grown in it.</summary>
    internal static void WriteTransaction(Utf8JsonWriter json, IReadOnlyList<EntityRevision> written)
    {
        json.WriteStartObject();
        json.WriteString("transactionId", written[0].Commit.Value);
        json.WriteStartArray("entityIds");
        foreach (var entity in written)
        {
            if (!EntityCall.IsPlatforms(entity.Model)) json.WriteStringValue(entity.Id.Value);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal static void WriteDeleted(Utf8JsonWriter json, EntityRevision deleted)
    {
        json.WriteStartObject();
        json.WriteString("id", deleted.Id.Value);
        WriteModel(json, deleted.Model);
        json.WriteString("transactionId", deleted.Commit.Value);
        json.WriteEndObject();
    }

    internal static void WriteChange(Utf8JsonWriter json, EntityRevision revision, bool isFirst)
    {
        json.WriteStartObject();
        json.WriteString("changeType", ChangeType(revision, isFirst));
        json.WriteString("timeOfChange", revision.ChangedAt.UtcDateTime);
        json.WriteString("user", revision.ChangedBy);
        json.WriteString("transactionId", revision.Commit.Value);
        json.WriteEndObject();
    }

    internal static string ChangeType(EntityRevision revision, bool isFirst) => revision.Deleted ? "DELETE" : isFirst ? "CREATE" : "UPDATE";
}
