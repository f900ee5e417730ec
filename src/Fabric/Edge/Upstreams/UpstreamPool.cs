using System.ComponentModel;
using System.Net;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.Features;

namespace Strata.Edge.Upstreams;

/// <summary>Why there is no connection.</summary>
internal enum RentFailure
{
    None,
    Connect,
    Overloaded,
}

/// <summary>A connection, already begun, or the reason that none is available.</summary>
internal readonly record struct Rented(UpstreamConnection? Connection, RentFailure Failure);

/// <summary>
/// The connections to one instance: a bounded number for requests, the last used first, and a bounded number for streams, which do not
/// count among the former. Where the limits allow it, some may wait for a connection. When the instance leaves the table the pool
/// retires: idle connections close at once, used ones when their request ends, and a connect that hangs is given up soon. Thread-safe.
/// </summary>
internal sealed class UpstreamPool(IPEndPoint endPoint, UpstreamLimits limits, CoarseClock clock, IDialer dialer)
{
    private readonly Lock gate = new();
    private readonly IdleConnections idle = new(dialer.Shards);
    private readonly HashSet<UpstreamConnection> open = [];
    private readonly HashSet<CancellationTokenSource> connecting = [];
    private readonly Queue<TaskCompletionSource<UpstreamConnection?>> waiters = new();
    private int opening;
    private int streams;
    private bool isRetired;

    public IPEndPoint EndPoint => endPoint;

    public (int Open, int Idle, int Streams) Count
    {
        get
        {
            lock (gate) return (open.Count, idle.Count, streams);
        }
    }

    /// <summary>An idle connection of this thread's shard that is alive, begun for this request.</summary>
    /// <param name="isRepeatable">The request can be sent again should the connection turn out dead.</param>
    public bool TryRent(IHttpRequestLifetimeFeature lifetime, bool isRepeatable, [NotNullWhen(true)] out UpstreamConnection? connection)
    {
        while (TryPop(out connection))
        {
            if (connection.TryBegin(lifetime, isRepeatable)) return true;
            Discard(connection);
        }
        return false;
    }

    /// <summary>An idle connection, a new one, or one that another request is done with.</summary>
    /// <param name="isRepeatable">The request can be sent again should the connection turn out dead.</param>
    /// <param name="route">The limits of the request's route.</param>
    /// <param name="isFresh">A new one, if there may be one more.</param>
    public async ValueTask<Rented> RentAsync(
        IHttpRequestLifetimeFeature lifetime, bool isRepeatable, UpstreamLimits route, TimeSpan connectTimeout, bool isFresh = false)
    {
        while (true)
        {
            if (!isFresh && TryRent(lifetime, isRepeatable, out var connection)) return new(connection, RentFailure.None);
            UpstreamConnection? found;
            TaskCompletionSource<UpstreamConnection?>? waiter = null;
            lock (gate)
            {
                if (open.Count - streams + opening < route.ConnectionsMax) (found, opening) = (null, opening + 1);
                else if (!idle.TryPopAny(out found) && !TryEnqueue(out waiter)) return new(null, RentFailure.Overloaded);
            }
            if (found is null && waiter is null) return await OpenAsync(lifetime, connectTimeout);
            if (waiter is not null)
            {
                if (!await WaitAsync(waiter)) return new(null, RentFailure.Overloaded);
                found = waiter.Task is { IsCompletedSuccessfully: true } ? await waiter.Task : null;
            }
            if (found is null) continue;
            if (found.TryBegin(lifetime, isRepeatable)) return new(found, RentFailure.None);
            Discard(found);
        }
    }

    /// <summary>Takes a connection back when its request is over.</summary>
    /// <param name="reusable">Whether the answer ended where it should and the instance keeps the connection open.</param>
    public void Return(UpstreamConnection connection, bool reusable)
    {
        if (!connection.TryEnd() || !reusable)
        {
            Discard(connection);
            return;
        }
        lock (gate)
        {
            EndStream(connection);
            if (!isRetired)
            {
                if (!TryHandOver(connection)) idle.Push(connection);
                return;
            }
        }
        Discard(connection);
    }

    /// <summary>No new idle connections are kept, and present ones close.</summary>
    public void Retire()
    {
        UpstreamConnection[] unused;
        lock (gate)
        {
            isRetired = true;
            unused = idle.TakeAll();
            open.ExceptWith(unused);
            foreach (var timeout in connecting) timeout.CancelAfter(limits.ConnectTimeoutWithOthers);
        }
        foreach (var connection in unused) connection.Close();
    }

    /// <summary>Cuts off what has taken too long and closes what was idle too long.</summary>
    public void Sweep()
    {
        UpstreamConnection[] all;
        lock (gate)
        {
            all = [.. open];
            foreach (var stale in idle.TakeStale(clock.NowMs - (long)limits.KeepAliveTimeout.TotalMilliseconds))
            {
                open.Remove(stale);
                stale.Close();
            }
        }
        foreach (var connection in all)
        {
            connection.Sweep();
            if (connection.Stream == StreamUse.None && connection.IsUsedLongerThan(limits.StreamAfter))
                TryMakeStream(connection, endsWithEdge: false, connection.StreamsMax);
        }
    }

    public bool HasRoomForStream(int streamsMax)
    {
        lock (gate) return streams < streamsMax;
    }

    /// <summary>
    /// The connection's request has become a stream: from now on it does not count as one of the requests. False: there are too many.
    /// </summary>
    public bool TryMakeStream(UpstreamConnection connection, bool endsWithEdge, int streamsMax)
    {
        lock (gate)
        {
            if (connection.Stream == StreamUse.None)
            {
                // A sweep may come too late: the request has just ended.
                var isDue = connection.IsUsedLongerThan(endsWithEdge ? TimeSpan.MinValue : limits.StreamAfter);
                if (!isDue || !open.Contains(connection)) return !endsWithEdge;
                if (streams >= streamsMax) return false;
                streams++;
                TryHandOver(null);
            }
            if (endsWithEdge || connection.Stream == StreamUse.None) connection.Stream = endsWithEdge ? StreamUse.Endless : StreamUse.Long;
            return true;
        }
    }

    /// <summary>Cuts off streams that would never end by themselves.</summary>
    public void EndStreams()
    {
        UpstreamConnection[] endless;
        lock (gate) endless = [.. open.Where(c => c.Stream == StreamUse.Endless)];
        foreach (var connection in endless) connection.CutOff(CutReason.Stopping);
    }

    /// <summary>Under the lock.</summary>
    private void EndStream(UpstreamConnection connection)
    {
        if (connection.Stream != StreamUse.None) streams--;
        connection.Stream = StreamUse.None;
    }

    private bool TryPop([NotNullWhen(true)] out UpstreamConnection? connection)
    {
        lock (gate) return idle.TryPop(dialer.Shard, clock.NowMs, out connection);
    }

    private void Discard(UpstreamConnection connection)
    {
        connection.Close();
        lock (gate)
        {
            EndStream(connection);
            if (open.Remove(connection)) TryHandOver(null); // a waiting request may open a new one in its place
        }
    }

    /// <summary>Under the lock. False: too many wait already.</summary>
    private bool TryEnqueue(out TaskCompletionSource<UpstreamConnection?>? waiter)
    {
        waiter = waiters.Count < limits.WaitersMax ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        if (waiter is not null) waiters.Enqueue(waiter);
        return waiter is not null;
    }

    private bool TryHandOver(UpstreamConnection? connection)
    {
        while (waiters.TryDequeue(out var waiter))
        {
            if (waiter.TrySetResult(connection)) return true;
        }
        return false;
    }

    private async ValueTask<bool> WaitAsync(TaskCompletionSource<UpstreamConnection?> waiter)
    {
        try
        {
            await waiter.Task.WaitAsync(limits.WaitTimeout);
            return true;
        }
        catch (TimeoutException)
        {
            // Handed over in this very moment: then it is ours after all.
            return !waiter.TrySetCanceled();
        }
    }

    private async ValueTask<Rented> OpenAsync(IHttpRequestLifetimeFeature lifetime, TimeSpan connectTimeout)
    {
        var shard = dialer.Shard;
        IUpstreamSocket? socket = null;
        UpstreamConnection? connection = null;
        try
        {
            socket = await TryConnectAsync(shard, connectTimeout);
        }
        finally
        {
            // Whatever went wrong: a connection that counts as opening for ever would make the pool smaller for ever.
            lock (gate)
            {
                opening--;
                if (socket is not null) open.Add(connection = new UpstreamConnection(socket, shard, clock, clock.NowMs));
                else TryHandOver(null);
            }
        }
        if (connection is null) return new(null, RentFailure.Connect);
        if (connection.TryBegin(lifetime, isRepeatable: true)) return new(connection, RentFailure.None);
        Discard(connection);
        return new(null, RentFailure.Connect);
    }

    /// <summary>
    /// Null: it failed, be it for want of descriptors or memory in the kernel (Win32Exception, of which SocketException is one).
    /// </summary>
    private async ValueTask<IUpstreamSocket?> TryConnectAsync(int shard, TimeSpan connectTimeout)
    {
        using var timeout = new CancellationTokenSource(connectTimeout);
        lock (gate)
        {
            connecting.Add(timeout);
            if (isRetired && limits.ConnectTimeoutWithOthers < connectTimeout) timeout.CancelAfter(limits.ConnectTimeoutWithOthers);
        }
        try
        {
            return await dialer.ConnectAsync(endPoint, shard, timeout.Token);
        }
        catch (Exception e) when (e is Win32Exception or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            lock (gate) connecting.Remove(timeout);
        }
    }
}
