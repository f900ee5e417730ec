using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

/// <summary>What became of one transaction among several of a request.</summary>
/// <param name="Transaction">Also where nothing was written, because every item had moved on.</param>
internal sealed record ChunkOutcome(CommitId Transaction, IReadOnlyList<EntityId> Entities, IReadOnlyList<FailedItem> Failed)
{
    public static ChunkOutcome Of(IReadOnlyList<EntityRevision> written, IReadOnlyList<FailedItem> failed, CommitId empty) =>
        new(written.Count > 0 ? written[0].Commit : empty,
            [.. written.Where(w => !EntityCall.IsPlatforms(w.Model)).Select(w => w.Id)], failed);

    /// <summary>
    /// {transactionId, entityIds[], failed[]?}, or {error{code, message, chunkIndex}} in the place of a transaction that failed.
    /// </summary>
    public static void Write(Utf8JsonWriter json, Result<ChunkOutcome> result, int index)
    {
        json.WriteStartObject();
        if (result.TryGet(out var outcome, out var error)) outcome.Write(json);
        else WriteError(json, error, "chunkIndex", index);
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteString("transactionId", Transaction.Value);
        json.WriteStartArray("entityIds");
        foreach (var id in Entities) json.WriteStringValue(id.Value);
        json.WriteEndArray();
        if (Failed.Count == 0) return;
        json.WriteStartArray("failed");
        foreach (var item in Failed)
        {
            json.WriteStartObject();
            json.WriteString("entityId", item.Id.Value);
            WriteError(json, item.Error, "itemIndex", item.Index);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteError(Utf8JsonWriter json, Error error, string place, int index)
    {
        json.WriteStartObject("error");
        json.WriteString("code", error.Code);
        json.WriteString("message", error.Message);
        json.WriteNumber(place, index);
        json.WriteEndObject();
    }
}

/// <summary>An item that had moved on while the others of its transaction were written.</summary>
/// <param name="Index">Its place within its transaction, from 0.</param>
internal sealed record FailedItem(int Index, EntityId Id, Error Error);
