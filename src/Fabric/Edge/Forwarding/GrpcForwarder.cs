using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using Strata.Edge.Pages;
using Strata.Edge.Routing;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Passes gRPC on over HTTP/2 without TLS, which it needs for trailers and for both directions at once. Here SocketsHttpHandler does what
/// the own client does for HTTP/1.1. Safe for concurrent use.
/// </summary>
internal sealed partial class GrpcForwarder(EdgeOptions options, RequestHold hold, ILogger logger) : IDisposable
{
    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler
    {
        UseProxy = false, UseCookies = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        EnableMultipleHttp2Connections = true, ConnectTimeout = options.Upstream.ConnectTimeout,
        PooledConnectionIdleTimeout = options.Upstream.KeepAliveTimeout,
        MaxResponseHeadersLength = options.Upstream.AnswerHeadBytesMax / 1024,
    });

    /// <summary>gRPC itself; gRPC-Web is ordinary HTTP.</summary>
    public static bool IsGrpc(Exchange x)
    {
        const string type = "application/grpc";
        var contentType = x.Request.Headers.ContentType;
        if (contentType.Count != 1 || x.IsHttp1 || contentType[0] is not { } text
            || !text.StartsWith(type, StringComparison.OrdinalIgnoreCase)) return false;
        return text.Length == type.Length || text[type.Length] is '+' or ';';
    }

    public async Task ForwardAsync(Exchange x, RouteTarget target)
    {
        // A stream may be silent for as long as its two ends like.
        if (x.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        InstanceState? failed = null;
        for (var attempt = 1; ; attempt++)
        {
            var instance = target.Pick(failed);
            if (!instance.TryEnterCall(x.Limits.StreamsMax))
            {
                await ErrorPages.WriteAsync(x, EdgeFault.TooManyStreams);
                return;
            }
            if (await TryTransferAsync(x, instance)) return;
            failed = instance;
            if (attempt < options.Upstream.AttemptsMax && target.Instances.Count > 1) continue;
            if (await hold.NextTargetAsync(x, isUnreachable: true) is not { StaticImage: null } next) break;
            (target, failed, attempt) = (next, null, 0);
        }
        await (x.Lifetime.RequestAborted.IsCancellationRequested
            ? ClientFault.Leave(x) : ErrorPages.WriteAsync(x, EdgeFault.Unreachable));
    }

    /// <returns>False: no connection came about, so the instance has seen nothing of the call.</returns>
    private async Task<bool> TryTransferAsync(Exchange x, InstanceState instance)
    {
        try
        {
            await TransferAsync(x, instance);
            return true;
        }
        catch (Exception e) when (IsNotConnected(e) && !x.IsAnswered && !x.Lifetime.RequestAborted.IsCancellationRequested)
        {
            instance.Health.Failed();
            return false;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or SocketException)
        {
            await FailAsync(x, instance, e);
            return true;
        }
        finally
        {
            instance.LeaveCall();
        }
    }

    /// <summary>
    /// The handler reports a connect that takes too long as a cancellation with a timeout inside; it has no other timeout.
    /// </summary>
    private static bool IsNotConnected(Exception e) =>
        e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError }
            or OperationCanceledException { InnerException: TimeoutException };

    public void Dispose() => client.Dispose();

    private async Task TransferAsync(Exchange x, InstanceState instance)
    {
        var aborted = x.Lifetime.RequestAborted;
        using var request = GrpcMessages.ToRequest(x, instance.Pool.EndPoint, options.TrustedProxies);
        using var response = await client.SendAsync(request, aborted);
        instance.Health.Succeeded();
        GrpcMessages.WriteHead(x, response);
        await using var body = await response.Content.ReadAsStreamAsync(aborted);
        var writer = x.ResponseBody.Writer;
        await writer.FlushAsync(aborted); // the head at once: the caller may wait for it before it says more
        while (await body.ReadAsync(writer.GetMemory(4096), aborted) is > 0 and var count)
        {
            writer.Advance(count);
            if ((await writer.FlushAsync(aborted)).IsCompleted) throw new ConnectionAbortedException();
        }
        GrpcMessages.WriteTrailers(x, response);
    }

    private ValueTask FailAsync(Exchange x, InstanceState instance, Exception e)
    {
        if (x.Lifetime.RequestAborted.IsCancellationRequested) return ClientFault.Leave(x);
        LogBroken(logger, x.RequestId, instance.Record.Id, e.Message);
        return ErrorPages.WriteAsync(x, EdgeFault.Broken);
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Request {RequestId}: the gRPC response of instance {Instance} was interrupted: {Reason}")]
    private static partial void LogBroken(ILogger logger, string requestId, string instance, string reason);
}
