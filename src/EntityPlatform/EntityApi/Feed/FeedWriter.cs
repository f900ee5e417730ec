using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Feed;

/// <summary>
/// Writes changes as lines of JSON, or as server-sent events. Each tells the position behind which to go on once it has been handled: within a commit that is the commit before, so that
/// whoever breaks off there gets the whole commit again.
/// </summary>
internal sealed class FeedWriter(HttpContext http, bool asEvents) : IDisposable
{
    public const string Lines = "application/x-ndjson";
    public const string Events = "text/event-stream";

    private const int FlushBytes = 16 * 1024;

    private readonly Utf8JsonWriter json = new(Stream.Null, Answer.WriterOptions);

    /// <summary>Time to let the client take some.</summary>
    public bool IsFull => http.Response.BodyWriter.UnflushedBytes >= FlushBytes;

    public Task BeginAsync()
    {
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = asEvents ? Events : Lines;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no"; // or nginx would hold changes back
        return http.Response.StartAsync(http.RequestAborted);
    }

    public void Write(EntityRevision change, bool endsCommit)
    {
        Begin("change"u8);
        json.WriteStartObject();
        json.WriteString("type", "change");
        json.WriteNumber("position", endsCommit ? change.Revision.Value : change.Revision.Value - 1);
        ChangeWriter.WriteMembers(json, change);
        json.WriteEndObject();
        End(endsCommit ? change.Revision : null);
    }

    /// <summary>The heartbeat; it moves on also where nothing was wanted.</summary>
    public void WritePing(Revision position)
    {
        Begin("ping"u8);
        json.WriteStartObject();
        json.WriteString("type", "ping");
        json.WriteNumber("position", position.Value);
        json.WriteEndObject();
        End(position);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken) => await http.Response.BodyWriter.FlushAsync(cancellationToken);

    public void Dispose() => json.Dispose();

    private void Begin(ReadOnlySpan<byte> type)
    {
        var body = http.Response.BodyWriter;
        if (asEvents)
        {
            body.Write("event: "u8);
            body.Write(type);
            body.Write("\ndata: "u8);
        }
        json.Reset(body);
    }

    private void End(Revision? id)
    {
        json.Flush();
        var body = http.Response.BodyWriter;
        if (asEvents && id is { } position)
        {
            body.Write("\nid: "u8);
            Utf8Formatter.TryFormat(position.Value, body.GetSpan(20), out var written);
            body.Advance(written);
        }
        body.Write(asEvents ? "\n\n"u8 : "\n"u8);
    }
}
