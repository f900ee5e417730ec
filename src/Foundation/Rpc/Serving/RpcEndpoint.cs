using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Rpc.Errors;
using Strata.Rpc.Protocols;

namespace Strata.Rpc.Serving;

/// <summary>
/// Serves one method: finds the protocol, runs the handler, and reports the outcome, whatever it is. Safe for concurrent use.
/// </summary>
internal sealed partial class RpcEndpoint(RpcMethod method, RpcLimits limits, TimeProvider time, ILogger logger, CancellationToken stopping)
{
    private static readonly Status Unforeseen =
        new(StatusCode.Internal, "Strata failed to handle this call; the server's log shows why, under the request id.");
    private static readonly Status Late = new(StatusCode.DeadlineExceeded, "The deadline came before the answer.");
    private static readonly Status Stopped = new(StatusCode.Unavailable, "The server stops. Connect again.");

    public async Task InvokeAsync(HttpContext http)
    {
        LiftBodyLimits(http);
        if (WireOf(http) is not { } wire) return;
        await using var call = new RpcCall(http, wire, method.Method.FullName, limits, time, stopping);
        var status = await HandleAsync(wire, call);
        if (status.StatusCode != StatusCode.OK && http.RequestAborted.IsCancellationRequested) return; // the client is gone
        try
        {
            await wire.EndAsync(status, call.LastWords);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client left before the last word.
        }
    }

    /// <summary>Writes an error in the client's protocol, before any handler has run. False if the client speaks none.</summary>
    public static async ValueTask<bool> TryRefuseAsync(HttpContext http, RpcException refusal, MethodType type)
    {
        if (Wires.Of(http, RpcLimits.Default, type) is not { } wire) return false;
        await wire.EndAsync(refusal.Status, refusal.Trailers);
        return true;
    }

    /// <summary>
    /// A stream may last for days and be silent for long; each of its messages is bounded, and its service bounds the silence.
    /// </summary>
    private static void LiftBodyLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    private IWire? WireOf(HttpContext http)
    {
        if (Wires.Of(http, limits, method.Method.Type) is { } wire) return wire;
        http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        http.Response.Headers.Accept = "application/grpc, application/grpc-web, application/connect+proto, application/connect+json, application/proto, application/json";
        return null;
    }

    private async Task<Status> HandleAsync(IWire wire, RpcCall call)
    {
        try
        {
            await method.HandleAsync(wire, call);
            return call.IsLate ? Late : call.Status;
        }
        catch (RpcException e)
        {
            return StatusOf(call, e);
        }
        catch (StrataException e)
        {
            return StatusOf(call, e.Error.ToRpcException());
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            return call.IsLate ? Late : stopping.IsCancellationRequested
                ? Stopped : new Status(StatusCode.Cancelled, "The call was cancelled.");
        }
        catch (Exception e)
        {
            LogFailed(logger, e, method.Method.FullName, call.Http.TraceIdentifier);
            return Unforeseen;
        }
    }

    private static Status StatusOf(RpcCall call, RpcException e)
    {
        foreach (var entry in e.Trailers) call.Trailers.Add(entry);
        return e.Status;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The call {Method} failed ({RequestId})")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, string requestId);
}
