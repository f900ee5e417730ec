using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Strata.Edge.Pages;
using Strata.Edge.Routing;
using Strata.Edge.Upstreams;
using Strata.Edge.Visits;

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
    TooManyStreams,
    TimedOut,
    Broken,
    ClientGone,
    UploadFailed,
}

/// <summary>
/// Passes a request on to an instance: rewrite the head, take a connection, send, read the answer's head, pass head and body on, return
/// the connection. A request is sent to another instance only when nothing of it was sent to one, because a request can be what ends an
/// instance. Sent on a kept connection that died unanswered, most likely of its age, a repeatable one is sent once more, to the same
/// instance on a new connection. Safe for concurrent use.
/// </summary>
internal sealed partial class Forwarder(EdgeOptions options, RequestHold hold, ILogger logger)
{
    private readonly RequestWriter requests = new(options.TrustedProxies);
    private readonly AnswerCompression compression = new(options.Limits);

    public Task ForwardAsync(Exchange x, RouteTarget target)
    {
        try
        {
            if (requests.Write(x) is not { } fault) return TryAsync(x, target, x.Sticky ?? target.Pick(), 1);
            x.Head.Release();
            return ErrorPages.WriteAsync(x, fault).AsTask();
        }
        catch (Exception e) when (ClientFault.IsOne(e))
        {
            x.Head.Release();
            return ClientFault.AnswerAsync(x, e).AsTask();
        }
    }

    /// <summary>
    /// One try and, should it fail, those that follow. An ordinary request goes through this one method from its first byte to its last:
    /// each further asynchronous method that waits for the instance would cost it an object and a hand-over.
    /// </summary>
    private async Task TryAsync(Exchange x, RouteTarget target, InstanceState instance, int attempt)
    {
        UpstreamConnection? connection = null;
        var (end, reusable) = (AttemptEnd.Answered, false);
        var limits = x.Limits;
        instance.Enter();
        try
        {
            if (x.UpgradeTo is not null && !instance.Pool.HasRoomForStream(limits.StreamsMax)) end = AttemptEnd.TooManyStreams;
            else if (x.IsSent || !instance.Pool.TryRent(x.Lifetime, IsRepeatable(x), out connection))
            {
                var patience = WaitForConnect(target, instance, limits, x);
                var rented = await instance.Pool.RentAsync(x.Lifetime, IsRepeatable(x), limits, patience, isFresh: x.IsSent);
                connection = rented.Connection;
                end = Rented(instance, rented.Failure);
            }
            if (connection is not null)
            {
                connection.StreamsMax = limits.StreamsMax;
                await connection.SendAsync(x.Head.Written, limits.BodyIdleTimeout);
                if (x.StreamsBody) reusable = await TransferUploadAsync(x, connection, instance);
                else
                {
                    connection.ExpectWithin(limits.AnswerTimeout);
                    while (!TryReadHead(x, connection, instance))
                        connection.Received(await connection.ReceiveAsync(limits.AnswerHeadBytesMax));
                    reusable = await PassOnAsync(x, connection, instance) && x.Answer.KeepsAlive;
                }
            }
        }
        catch (Exception e) when (IsOfInstance(e) || ClientFault.IsOne(e))
        {
            end = EndOf(x, connection!, instance, e);
        }
        finally
        {
            if (connection is not null) instance.Pool.Return(connection, reusable);
            instance.Leave();
        }
        if (end == AttemptEnd.Answered) x.Head.Release();
        else await AgainAsync(x, target, instance, end, attempt);
    }

    private static bool IsOfInstance(Exception e) =>
        e is SocketException or ObjectDisposedException or UpstreamException or ClientGoneException or StreamsExhaustedException;

    private Task AgainAsync(Exchange x, RouteTarget target, InstanceState instance, AttemptEnd end, int attempt)
    {
        if (attempt < x.Limits.AttemptsMax && !x.IsSent)
        {
            if (end == AttemptEnd.DiedUnanswered && IsRepeatable(x))
            {
                x.IsSent = true;
                return TryAsync(x, target, instance, attempt + 1);
            }
            var canTryAnother = end == AttemptEnd.NotConnected ? target.Instances.Count > 1
                : end is AttemptEnd.Overloaded or AttemptEnd.TooManyStreams && target.HasOther(instance);
            if (canTryAnother)
                return TryAsync(x, target, target.Pick(instance), attempt + 1);
        }
        if (end == AttemptEnd.NotConnected && !x.IsSent) return HoldAsync(x);
        x.Head.Release();
        return FailAsync(x, end).AsTask();
    }

    /// <summary>No instance can be reached, and none has seen the request: it waits, with its head and short body as they are.</summary>
    private async Task HoldAsync(Exchange x)
    {
        if (await hold.NextTargetAsync(x, isUnreachable: true) is { StaticImage: null } target)
        {
            await TryAsync(x, target, target.Pick(), 1);
            return;
        }
        x.Head.Release();
        await FailAsync(x, x.Lifetime.RequestAborted.IsCancellationRequested ? AttemptEnd.ClientGone : AttemptEnd.NotConnected);
    }

    private static TimeSpan WaitForConnect(RouteTarget target, InstanceState instance, UpstreamLimits limits, Exchange x) =>
        !x.IsSent && limits.ConnectTimeoutWithOthers < limits.ConnectTimeout && target.HasOther(instance)
            ? limits.ConnectTimeoutWithOthers : limits.ConnectTimeout;

    /// <summary>RFC 9110 §9.2.2.</summary>
    private static bool IsRepeatable(Exchange x) => !x.StreamsBody && x.Request.Method is "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE";

    private static AttemptEnd Rented(InstanceState instance, RentFailure failure)
    {
        if (failure == RentFailure.Overloaded) return AttemptEnd.Overloaded;
        if (failure == RentFailure.None) instance.Health.Succeeded();
        else instance.Health.Failed();
        return failure == RentFailure.None ? AttemptEnd.Answered : AttemptEnd.NotConnected;
    }

    /// <summary>
    /// Sends the body and passes the answer on, which may begin before the body ends. True: the connection can be used again.
    /// </summary>
    private async Task<bool> TransferUploadAsync(Exchange x, UpstreamConnection connection, InstanceState instance)
    {
        var upload = Upload.RunAsync(x, connection);
        try
        {
            while (!TryReadHead(x, connection, instance)) connection.Received(await connection.ReceiveAsync(x.Limits.AnswerHeadBytesMax));
            return await PassOnAsync(x, connection, instance) && x.Answer.KeepsAlive && upload.IsCompletedSuccessfully;
        }
        finally
        {
            await Upload.StopAsync(upload, x, connection);
        }
    }

    /// <summary>Reads the answer's head out of what has arrived, over interim answers. False: more must come.</summary>
    private static bool TryReadHead(Exchange x, UpstreamConnection connection, InstanceState instance)
    {
        while (true)
        {
            if (connection.Unread.IsEmpty) return false;
            if (!x.Answer.TryRead(connection.Unread, instance.HeaderMemo, x.Limits.AnswerHeadersMax, out var used)) return false;
            connection.Consume(used);
            if (x.Answer.Status is >= 200 or 101) break;
            x.Interim = (x.Interim.Count + 1, x.Interim.Bytes + used);
            if (x.Interim.Count > x.Limits.InterimAnswersMax || x.Interim.Bytes > x.Limits.AnswerHeadBytesMax)
                throw new UpstreamException("it sends too many interim answers");
        }
        if (x.Answer.Status == 101 && x.UpgradeTo is null) throw new UpstreamException("it switches protocols without being asked to");
        return true;
    }

    /// <exception cref="StreamsExhaustedException">It is a stream, and the instance has too many.</exception>
    private ValueTask<bool> PassOnAsync(Exchange x, UpstreamConnection connection, InstanceState instance)
    {
        var isUpgrade = x.Answer.Status == 101;
        if ((isUpgrade || x.Answer.IsEventStream) && !instance.Pool.TryMakeStream(connection, endsWithEdge: true, x.Limits.StreamsMax))
            throw new StreamsExhaustedException();
        AnswerWriter.WriteHead(x);
        if (x.Visitor is not null) VisitorCaching.MakePrivate(x.Response.Headers);
        if (x.Route!.Record.Sticky)
            StickyCookie.Set(x, instance, x.Tls is not null || x.Forwarded.IsHttps(x, options.TrustedProxies));
        if (isUpgrade) return Tunnel.RunAsync(x, connection);
        if (x.Route.Record.Compress) compression.Begin(x);
        return x.Encoder is null ? AnswerWriter.WriteBodyAsync(x, connection) : compression.WriteBodyAsync(x, connection);
    }

    private AttemptEnd EndOf(Exchange x, UpstreamConnection connection, InstanceState instance, Exception e)
    {
        if (x.UploadFault is null && ClientFault.IsOne(e)) x.UploadFault = e;
        if (x.UploadFault is not null) return AttemptEnd.UploadFailed;
        if (e is ClientGoneException || connection.Cut == CutReason.ClientGone) return AttemptEnd.ClientGone;
        if (e is StreamsExhaustedException) return AttemptEnd.TooManyStreams;
        if (connection.Cut == CutReason.Stopping) return AttemptEnd.Broken;
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
            AttemptEnd.NotConnected when !x.IsSent => EdgeFault.Unreachable,
            AttemptEnd.TooManyStreams => EdgeFault.TooManyStreams,
            AttemptEnd.Overloaded => EdgeFault.Overloaded,
            AttemptEnd.TimedOut => EdgeFault.TimedOut,
            _ => EdgeFault.Broken,
        });
    }
}
