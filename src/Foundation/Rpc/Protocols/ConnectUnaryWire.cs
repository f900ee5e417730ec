using System.Buffers;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Strata.Rpc.Errors;

namespace Strata.Rpc.Protocols;

/// <summary>
/// Connect's unary calls: the body is the message, an error is an HTTP status with JSON, trailers are headers with a prefix.
/// </summary>
internal sealed class ConnectUnaryWire : IWire
{
    private readonly HttpContext http;
    private readonly RpcLimits limits;
    private ReadOnlyMemory<byte> answer;
    private bool isRead;

    public ConnectUnaryWire(HttpContext http, RpcLimits limits)
    {
        (this.http, this.limits) = (http, limits);
        IsJson = http.Request.ContentType!.StartsWith("application/json", StringComparison.OrdinalIgnoreCase);
        Timeout = RpcHeaders.ConnectTimeout(http.Request.Headers["connect-timeout-ms"]);
    }

    public bool IsJson { get; }

    public TimeSpan? Timeout { get; }

    public async ValueTask<ReadOnlySequence<byte>?> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (isRead) return null;
        isRead = true;
        var input = http.Request.BodyReader;
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            if (read.Buffer.Length > limits.MessageBytesMax) throw CallErrors.TooLarge(limits.MessageBytesMax);
            if (!read.IsCompleted)
            {
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }
            var body = new ReadOnlySequence<byte>(read.Buffer.ToArray());
            input.AdvanceTo(read.Buffer.End);
            return Opened(body);
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool mayCompress, bool isLast, CancellationToken cancellationToken)
    {
        answer = message.ToArray(); // trailers are headers here, so nothing is sent before the end
        return default;
    }

    public ValueTask SendHeadAsync(Metadata headers)
    {
        RpcHeaders.Write(headers, http.Response.Headers);
        return default;
    }

    public async ValueTask EndAsync(Status status, Metadata trailers)
    {
        var isOk = status.StatusCode == StatusCode.OK;
        var response = http.Response;
        foreach (var entry in trailers)
        {
            if (entry.Key != RpcStatus.DetailsTrailer) response.Headers.Append("trailer-" + entry.Key, RpcHeaders.ValueOf(entry));
        }
        var body = isOk ? answer : ConnectText.Error(status, trailers);
        response.StatusCode = isOk ? StatusCodes.Status200OK : ConnectText.HttpStatusOf(status.StatusCode);
        response.ContentType = isOk && !IsJson ? "application/proto" : "application/json";
        if (body.Length > limits.CompressFrom && RpcHeaders.Takes(http.Request.Headers.AcceptEncoding, Gzip.Name))
        {
            response.Headers.ContentEncoding = Gzip.Name;
            body = Gzip.Compress(body);
        }
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body);
    }

    private ReadOnlySequence<byte> Opened(in ReadOnlySequence<byte> body) => http.Request.Headers.ContentEncoding.ToString() switch
    {
        "" or "identity" => body,
        Gzip.Name => Gzip.Decompress(body, limits.MessageBytesMax),
        var other => throw CallErrors.Of(StatusCode.Unimplemented, $"The compression {other} is not known; gzip is."),
    };
}
