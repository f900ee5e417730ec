using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Strata.Api.Http;

namespace Strata.Api.Watch;

/// <summary>
/// The one way to answer with JSON piece by piece: server-sent events (WHATWG HTML, section 9.2), each with one line of JSON, or those
/// lines alone. They are flushed by the caller, so that many may share a packet. Not safe for concurrent use.
/// </summary>
/// <param name="asLines">Without the types and ids of events, as <c>application/x-ndjson</c>.</param>
public sealed class EventStream(HttpContext http, bool asLines = false) : IDisposable
{
    public const string Events = "text/event-stream";
    public const string Lines = "application/x-ndjson";

    /// <summary>So much waits in memory for one client, and what it has not taken yet.</summary>
    private const int FlushBytes = 16 << 10;

    private readonly Utf8JsonWriter json = new(Stream.Null, Answer.WriterOptions);

    /// <summary>Time to let the client take some.</summary>
    public bool IsFull => http.Response.BodyWriter.UnflushedBytes >= FlushBytes;

    public Task BeginAsync()
    {
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = asLines ? Lines : Events;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no"; // or nginx would hold events back
        return http.Response.StartAsync(http.RequestAborted);
    }

    public void Write(string type, Action<Utf8JsonWriter>? data = null)
    {
        if (data is null) Write(type, 0, static (json, _) => WriteNothing(json));
        else Write(type, data, static (json, write) => write(json));
    }

    /// <param name="id">Where a client continues that connects again (<c>Last-Event-ID</c>); null: not here.</param>
    public void Write<TState>(string type, TState state, Action<Utf8JsonWriter, TState> data, long? id = null)
    {
        var body = http.Response.BodyWriter;
        if (!asLines)
        {
            body.Write("event: "u8);
            Encoding.ASCII.GetBytes(type, body);
            body.Write("\ndata: "u8);
        }
        json.Reset(body);
        data(json, state);
        json.Flush();
        if (!asLines && id is { } position)
        {
            body.Write("\nid: "u8);
            Utf8Formatter.TryFormat(position, body.GetSpan(20), out var written);
            body.Advance(written);
        }
        body.Write(asLines ? "\n"u8 : "\n\n"u8);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken) => await http.Response.BodyWriter.FlushAsync(cancellationToken);

    public void Dispose() => json.Dispose();

    private static void WriteNothing(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteEndObject();
    }
}
