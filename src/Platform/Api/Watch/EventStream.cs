using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Strata.Api.Http;

namespace Strata.Api.Watch;

/// <summary>
/// Server-sent events (WHATWG HTML, section 9.2), each with one line of JSON. Events are flushed by the caller, so that many may share a
/// packet.
/// </summary>
public sealed class EventStream(HttpContext http)
{
    /// <summary>So much waits in memory for one client, and what it has not taken yet.</summary>
    private const int FlushBytes = 16 << 10;

    /// <summary>Time to let the client take some.</summary>
    public bool IsFull => http.Response.BodyWriter.UnflushedBytes >= FlushBytes;

    public Task BeginAsync()
    {
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no"; // or nginx would hold events back
        return http.Response.StartAsync(http.RequestAborted);
    }

    public void Write(string type, Action<Utf8JsonWriter>? data = null)
    {
        var body = http.Response.BodyWriter;
        body.Write("event: "u8);
        body.Write(System.Text.Encoding.ASCII.GetBytes(type));
        body.Write("\ndata: "u8);
        if (data is null) body.Write("{}"u8);
        else
            using (var json = new Utf8JsonWriter(body, Answer.WriterOptions)) data(json);
        body.Write("\n\n"u8);
    }

    public async Task FlushAsync(CancellationToken cancellationToken) => await http.Response.BodyWriter.FlushAsync(cancellationToken);
}
