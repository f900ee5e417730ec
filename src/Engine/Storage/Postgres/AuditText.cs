using System.Buffers;
using System.Text.Json;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>Audit events as kept with a revision: an array of [type, state, detail] or [type, state, detail, criterion, reason].</summary>
internal static class AuditText
{
    /// <summary>Null without any.</summary>
    public static ReadOnlyMemory<byte>? Write(IReadOnlyList<AuditEvent> events)
    {
        if (events.Count == 0) return null;
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartArray();
        foreach (var one in events)
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
        json.Flush();
        return buffer.WrittenMemory;
    }

    public static IReadOnlyList<AuditEvent> Read(byte[] utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        return [.. document.RootElement.EnumerateArray().Select(ReadOne)];
    }

    private static AuditEvent ReadOne(JsonElement e) => e.GetArrayLength() == 3
        ? new AuditEvent(e[0].GetString()!, e[1].GetString(), e[2].GetString())
        : new AuditEvent(e[0].GetString()!, e[1].GetString(), e[2].GetString(), e[3].GetString(), e[4].GetString());
}
