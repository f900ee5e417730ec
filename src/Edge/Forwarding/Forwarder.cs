using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Strata.Edge.Pages;
using Strata.Edge.Routing;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Forwarding;

/// <summary>How one try to have a request answered ended.</summary>
internal enum AttemptEnd
{
    Answered,

    /// <summary>No connection came about: nothing was sent.</summary>
    NotConnected,

    /// <summary>A kept connection broke before the first byte of an answer: most likely it had been closed for its age.</summary>
    DiedUnanswered,
    Overloaded,
    TimedOut,
    Broken,
    ClientGone,
    UploadFailed,
}

/// <summary>
/// Passes a request on to an instance: write the head anew, take a connection, send, read the answer's head, pass head and body on, give the connection back. A request is
/// sent again only when nothing of it can have been acted on, or when acting twice does no harm. Safe for concurrent use.
/// </summary>
internal sealed partial class Forwarder(EdgeOptions options, ILogger logger)
{
    private readonly UpstreamLimits limits = options.Upstream;
    private readonly RequestWriter requests = new(options.TrustedProxies);
    private readonly AnswerWriter answers = new(options.Upstream);
    private readonly Upload uploads = new(options.Upstream);
    private readonly Tunnel tunnel = new(options.Upstream);

    public async Task ForwardAsync(Exchange x, RouteTarget target)
    {
        try
        {
            if (requests.Write(x) is { } fault) await ErrorPages.WriteAsync(x, fault);
            else await TryInstancesAsync(x, target);
        }
        catch (Exception e) when (ClientFault.IsOne(e))
        {
            await ClientFault.AnswerAsync(x, e);
        }
        finally
        {
            x.Head.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask TryInstancesAsync(Exchange x, RouteTarget target)
    {
        InstanceState? failed = null;
        for (var attempt = 1; ; attempt++)
        {
            var instance = target.Pick(failed);
            var end = await TryAsync(x, instance);
            if (end == AttemptEnd.Answered) return;
            if (attempt < limits.AttemptsMax && MayRepeat(x, end))
            {
                failed = end == AttemptEnd.NotConnected ? instance : null;
                continue;
            }
            await FailAsync(x, end);
            return;
        }
    }

    private static bool MayRepeat(Exchange x, AttemptEnd end) => end switch
    {
        AttemptEnd.NotConnected => true,
        AttemptEnd.DiedUnanswered => !x.StreamsBody && IsIdempotent(x.Request.Method),
        _ => false,
    };

    /// <summary>RFC 9110 §9.2.2.</summary>
    private static bool IsIdempotent(string method) => method is "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE";

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptEnd> TryAsync(Exchange x, InstanceState instance)
    {
        UpstreamConnection? connection = null;
        var reusable = false;
        instance.Enter();
        try
        {
            if (!instance.Pool.TryRent(x.Lifetime, out connection))
            {
                var rented = await instance.Pool.RentAsync(x.Lifetime);
                connection = rented.Connection;
                if (connection is null) return Unconnected(instance, rented.Failure);
                instance.Health.Succeeded();
            }
            reusable = await TransferAsync(x, connection, instance);
            return AttemptEnd.Answered;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or UpstreamException or ClientGoneException)
        {
            return EndOf(x, connection!, instance, e);
        }
        finally
        {
            if (connection is not null) instance.Pool.Return(connection, reusable);
            instance.Leave();
        }
    }

    private static AttemptEnd Unconnected(InstanceState instance, RentFailure failure)
    {
        if (failure == RentFailure.Overloaded) return AttemptEnd.Overloaded;
        instance.Health.Failed();
        return AttemptEnd.NotConnected;
    }

    /// <summary>One request and its answer on one connection. True: the connection can be used again.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TransferAsync(Exchange x, UpstreamConnection connection, InstanceState instance)
    {
        Task? upload = null;
        try
        {
            await connection.SendAsync(x.Head.Written, limits.BodyIdleTimeout);
            if (x.StreamsBody) upload = uploads.RunAsync(x, connection);
            else connection.ExpectWithin(limits.AnswerTimeout);
            await ReadHeadAsync(x, connection, instance);
            AnswerWriter.WriteHead(x);
            if (x.Answer.Status == 101)
            {
                await tunnel.RunAsync(x, connection);
                return false;
            }
            var ended = await answers.WriteBodyAsync(x, connection);
            return ended && x.Answer.KeepsAlive && upload is null or { IsCompletedSuccessfully: true };
        }
        finally
        {
            if (upload is not null) await Upload.StopAsync(upload, x, connection);
        }
    }

    private async ValueTask ReadHeadAsync(Exchange x, UpstreamConnection connection, InstanceState instance)
    {
        do
        {
            int used;
            while (!x.Answer.TryRead(connection.Unread, instance.HeaderMemo, limits.AnswerHeadersMax, out used))
            {
                if (await connection.ReceiveAsync(limits.AnswerHeadBytesMax) == 0) throw new UpstreamException("it ended before its head did");
            }
            connection.Consume(used);
        }
        while (x.Answer.Status is >= 100 and < 200 and not 101);
        if (x.Answer.Status == 101 && x.UpgradeTo is null) throw new UpstreamException("it changes the protocol, which nobody asked for");
    }

    private AttemptEnd EndOf(Exchange x, UpstreamConnection connection, InstanceState instance, Exception e)
    {
        if (x.UploadFault is not null) return AttemptEnd.UploadFailed;
        if (e is ClientGoneException || connection.Cut == CutReason.ClientGone) return AttemptEnd.ClientGone;
        if (connection.Cut == CutReason.Timeout) return AttemptEnd.TimedOut;
        if (connection.IsReused && !connection.HasReceived) return AttemptEnd.DiedUnanswered;
        LogBroken(logger, x.RequestId, instance.Record.Id, e.Message);
        return AttemptEnd.Broken;
    }

    private static ValueTask FailAsync(Exchange x, AttemptEnd end)
    {
        if (end == AttemptEnd.UploadFailed) return ClientFault.AnswerAsync(x, x.UploadFault!);
        if (end == AttemptEnd.ClientGone) return ClientFault.Leave(x);
        return ErrorPages.WriteAsync(x, end switch
        {
            AttemptEnd.NotConnected => EdgeFault.Unreachable,
            AttemptEnd.Overloaded => EdgeFault.Overloaded,
            AttemptEnd.TimedOut => EdgeFault.TimedOut,
            _ => EdgeFault.Broken,
        });
    }
}
