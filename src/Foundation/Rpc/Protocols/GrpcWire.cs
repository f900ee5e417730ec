using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Strata.Rpc.Protocols;

/// <summary>gRPC over HTTP/2: envelopes both ways, the status in the trailers.</summary>
internal class GrpcWire : IWire
{
    private const string StatusName = "grpc-status";

    /// <summary>A last message up to this is sent together with the trailers.</summary>
    private const int TogetherBytesMax = 32 * 1024;

    private readonly RpcLimits limits;
    private readonly EnvelopeReader reader;
    private readonly bool takesGzip;

    public GrpcWire(HttpContext http, RpcLimits limits, PipeReader? body = null)
    {
        (Http, this.limits) = (http, limits);
        var headers = http.Request.Headers;
        var type = http.Request.ContentType!;
        IsJson = type.EndsWith("+json", StringComparison.Ordinal);
        Timeout = RpcHeaders.GrpcTimeout(headers["grpc-timeout"]);
        takesGzip = RpcHeaders.Takes(headers["grpc-accept-encoding"], Gzip.Name);
        http.Response.ContentType = type;
        var encoding = headers["grpc-encoding"];
        if (encoding.Count > 0) http.Response.Headers["grpc-accept-encoding"] = Gzip.Name;
        reader = new EnvelopeReader(body ?? http.Request.BodyReader, limits) { MayBeCompressed = EncodingOf(encoding) };
    }

    protected HttpContext Http { get; }

    public bool IsJson { get; }

    public TimeSpan? Timeout { get; }

    public async ValueTask<ReadOnlySequence<byte>?> ReceiveAsync(CancellationToken cancellationToken) =>
        (await reader.ReadAsync(cancellationToken))?.Payload;

    public bool TryReceive(out ReadOnlySequence<byte>? message)
    {
        var isThere = reader.TryRead(out var envelope);
        message = envelope?.Payload;
        return isThere;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool mayCompress, bool isLast, CancellationToken cancellationToken)
    {
        var compresses = takesGzip && mayCompress && message.Length > limits.CompressFrom;
        if (takesGzip && !Http.Response.HasStarted) Http.Response.Headers["grpc-encoding"] = Gzip.Name;
        Write(compresses ? Envelope.Compressed : (byte)0, compresses ? Gzip.Compress(message) : message);
        return isLast && message.Length <= TogetherBytesMax ? default : FlushAsync(cancellationToken);
    }

    public async ValueTask SendHeadAsync(Metadata headers)
    {
        RpcHeaders.Write(headers, Http.Response.Headers);
        await Http.Response.StartAsync();
        await Http.Response.BodyWriter.FlushAsync();
    }

    public virtual ValueTask EndAsync(Status status, Metadata trailers)
    {
        Release();
        if (status.StatusCode == StatusCode.OK && trailers.Count == 0) Http.Response.AppendTrailer(StatusName, "0");
        else
        {
            foreach (var (name, value) in Last(status, trailers)) Http.Response.AppendTrailer(name, value);
        }
        return default;
    }

    protected static IEnumerable<(string Name, string Value)> Last(Status status, Metadata trailers)
    {
        yield return (StatusName, ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture));
        if (status.Detail is { Length: > 0 } message) yield return ("grpc-message", RpcHeaders.EncodeMessage(message));
        foreach (var entry in trailers) yield return (entry.Key, RpcHeaders.ValueOf(entry));
    }

    /// <summary>No more messages are read.</summary>
    protected void Release() => reader.Release();

    protected virtual void Write(byte flags, ReadOnlyMemory<byte> payload) => WriteEnvelope(Http.Response.BodyWriter, flags, payload.Span);

    protected static void WriteEnvelope(IBufferWriter<byte> target, byte flags, ReadOnlySpan<byte> payload)
    {
        var head = target.GetSpan(Envelope.HeadBytes);
        head[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], payload.Length);
        target.Advance(Envelope.HeadBytes);
        target.Write(payload);
    }

    protected async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = await Http.Response.BodyWriter.FlushAsync(cancellationToken);
        if (flushed.IsCompleted || flushed.IsCanceled) throw new OperationCanceledException("The client is gone.");
    }

    /// <summary>True for gzip; for an unknown compression the error names the known ones, as gRPC requires.</summary>
    private static bool EncodingOf(string? encoding) => encoding switch
    {
        null or "" or "identity" => false,
        Gzip.Name => true,
        _ => throw CallErrors.Of(StatusCode.Unimplemented, $"The compression {encoding} is not supported; gzip is."),
    };
}
