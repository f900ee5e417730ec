using System.Buffers;
using System.Text.Json;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.EntityApi.Feed;

namespace Strata.EntityApi.Webhooks;

/// <summary>Changes that are sent together: at most <see cref="ChangesMax"/>, and about <see cref="BytesMax"/> bytes.</summary>
/// <param name="After">They are behind this revision …</param>
/// <param name="Through">… and reach up to this one.</param>
internal sealed record WebhookBatch(Revision After, Revision Through, ReadOnlyMemory<byte> Body)
{
    public const int ChangesMax = 100;
    public const int BytesMax = 256 * 1024;

    /// <param name="after">Where all that came before ends.</param>
    public static IEnumerable<WebhookBatch> Split(string webhook, Revision after, IReadOnlyList<EntityRevision> changes)
    {
        for (var first = 0; first < changes.Count;)
        {
            var count = CountFrom(changes, first);
            var last = changes[first + count - 1].Revision;
            yield return new WebhookBatch(after, last, Write(webhook, changes.Skip(first).Take(count)));
            first += count;
            after = first < changes.Count && changes[first].Revision == last ? new Revision(last.Value - 1) : last;
        }
    }

    private static int CountFrom(IReadOnlyList<EntityRevision> changes, int first)
    {
        var (count, bytes) = (0, 0);
        while (first + count < changes.Count && count < ChangesMax)
        {
            bytes += SizeOf(changes[first + count]);
            if (count > 0 && bytes > BytesMax) break;
            count++;
        }
        return count;
    }

    /// <summary>One that does not fit is sent without its data.</summary>
    private static int SizeOf(EntityRevision change) => change.Document.Utf8.Length <= BytesMax ? change.Document.Utf8.Length : 0;

    private static ReadOnlyMemory<byte> Write(string webhook, IEnumerable<EntityRevision> changes)
    {
        var body = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(body, Answer.WriterOptions);
        json.WriteStartObject();
        json.WriteString("webhook", webhook);
        json.WriteStartArray("changes");
        foreach (var change in changes)
        {
            json.WriteStartObject();
            ChangeWriter.WriteMembers(json, change, withData: change.Document.Utf8.Length <= BytesMax);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }
}
