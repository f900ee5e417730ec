using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Strata.Rpc.Protocols;

/// <summary>Connect's streams: envelopes both ways, the end and its error as a last envelope of JSON.</summary>
internal sealed class ConnectStreamWire : IWire
{
    private const byte EndOfStream = 2;

    private readonly HttpContext http;
    private readonly RpcLimits limits;
    private readonly EnvelopeReader reader;
    private readonly bool takesGzip;

    public ConnectStreamWire(HttpContext http, RpcLimits limits)
    {
        (this.http, this.limits) = (http, limits);
        var headers = http.Request.Headers;
        IsJson = http.Request.ContentType!.EndsWith("+json", StringComparison.Ordinal);
        Timeout = RpcHeaders.ConnectTimeout(headers["connect-timeout-ms"]);
        takesGzip = RpcHeaders.Takes(headers["connect-accept-encoding"], Gzip.Name);
        reader = new EnvelopeReader(http.Request.BodyReader, limits) { MayBeCompressed = headers["connect-content-encoding"] == Gzip.Name };
        http.Response.ContentType = http.Request.ContentType;
        if (takesGzip) http.Response.Headers["connect-content-encoding"] = Gzip.Name;
    }

    public bool IsJson { get; }

    public TimeSpan? Timeout { get; }

    public async ValueTask<ReadOnlySequence<byte>?> ReceiveAsync(CancellationToken cancellationToken) =>
        await reader.ReadAsync(cancellationToken) is { } envelope && (envelope.Flags & EndOfStream) == 0 ? envelope.Payload : null;

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool mayCompress, bool isLast, CancellationToken cancellationToken)
    {
        var compresses = takesGzip && mayCompress && message.Length > limits.CompressFrom;
        return WriteAsync(compresses ? Envelope.Compressed : (byte)0, compresses ? Gzip.Compress(message) : message, cancellationToken);
    }

    public async ValueTask SendHeadAsync(Metadata headers)
    {
        RpcHeaders.Write(headers, http.Response.Headers);
        await http.Response.StartAsync();
        await http.Response.BodyWriter.FlushAsync();
    }

    public ValueTask EndAsync(Status status, Metadata trailers)
    {
        reader.Release();
        return WriteAsync(EndOfStream, ConnectText.EndOfStream(status, trailers), CancellationToken.None);
    }

    private async ValueTask WriteAsync(byte flags, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var writer = http.Response.BodyWriter;
        var head = writer.GetSpan(Envelope.HeadBytes);
        head[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], payload.Length);
        writer.Advance(Envelope.HeadBytes);
        writer.Write(payload.Span);
        var flushed = await writer.FlushAsync(cancellationToken);
        if (flushed.IsCompleted || flushed.IsCanceled) throw new OperationCanceledException("The client is gone.");
    }
}
