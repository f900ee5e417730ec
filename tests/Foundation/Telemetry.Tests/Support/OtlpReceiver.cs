using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Strata.TestSupport;

/// <summary>A span as a receiver got it; ids in hexadecimal.</summary>
public sealed record ReceivedSpan(string TraceId, string SpanId, string ParentId, string Name);

/// <summary>
/// A receiver of OTLP over HTTP with protobuf, on a free port of this machine: it keeps the spans and counts the exports of metrics.
/// </summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedSpan> spans = new();
    private readonly WebApplication app;

    private OtlpReceiver(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "otlp" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));
        app = builder.Build();
        app.Run(ReceiveAsync);
        Address = new Uri($"http://127.0.0.1:{port}");
    }

    public Uri Address { get; }

    public IReadOnlyList<ReceivedSpan> Spans => [.. spans];

    /// <summary>Exports of metrics so far.</summary>
    public int Metrics { get; private set; }

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver(FreePort.Next());
        await receiver.app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        if (http.Request.Path == "/v1/metrics") Metrics++;
        // ExportTraceServiceRequest: resource_spans (1) > scope_spans (2) > spans (2).
        if (http.Request.Path == "/v1/traces")
        {
            foreach (var resource in Fields(body.ToArray(), 1))
                foreach (var scope in Fields(resource, 2))
                    foreach (var span in Fields(scope, 2)) spans.Enqueue(Read(span));
        }
        http.Response.ContentType = "application/x-protobuf";
    }

    /// <summary>trace_id (1), span_id (2), parent_span_id (4), name (5).</summary>
    private static ReceivedSpan Read(byte[] span) =>
        new(Hex(span, 1), Hex(span, 2), Hex(span, 4), System.Text.Encoding.UTF8.GetString(Fields(span, 5).Single()));

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).SingleOrDefault() ?? []);

    /// <summary>The values of a field that has a length.</summary>
    private static List<byte[]> Fields(byte[] message, int field)
    {
        var found = new List<byte[]>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (tag == WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited)) found.Add(input.ReadBytes().ToByteArray());
            else input.SkipLastField();
        }
        return found;
    }
}
