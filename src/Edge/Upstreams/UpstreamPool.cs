using System.Net;
using System.Net.Sockets;
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

/// <summary>A connection, already begun, or why there is none.</summary>
internal readonly record struct Rented(UpstreamConnection? Connection, RentFailure Failure);

/// <summary>
/// The connections to one instance: a bounded number, the last used first, with a bounded queue of those who wait for one. When the instance leaves the table the pool
/// retires: idle connections close at once, used ones when their request ends. Thread-safe.
/// </summary>
internal sealed class UpstreamPool(IPEndPoint endPoint, UpstreamLimits limits, CoarseClock clock, IDialer dialer)
{
    private readonly Lock gate = new();
    private readonly IdleConnections idle = new(dialer.Shards);
    private readonly HashSet<UpstreamConnection> open = [];
    private readonly Queue<TaskCompletionSource<UpstreamConnection?>> waiters = new();
    private int opening;
    private bool isRetired;

    public IPEndPoint EndPoint => endPoint;

    public (int Open, int Idle) Count
    {
        get
        {
            lock (gate) return (open.Count, idle.Count);
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
    public async ValueTask<Rented> RentAsync(IHttpRequestLifetimeFeature lifetime, bool isRepeatable)
    {
        while (true)
        {
            if (TryRent(lifetime, isRepeatable, out var connection)) return new(connection, RentFailure.None);
            UpstreamConnection? found;
            TaskCompletionSource<UpstreamConnection?>? waiter = null;
            lock (gate)
            {
                if (open.Count + opening < limits.ConnectionsMax) (found, opening) = (null, opening + 1);
                else if (!idle.TryPopAny(out found) && !TryEnqueue(out waiter)) return new(null, RentFailure.Overloaded);
            }
            if (found is null && waiter is null) return await OpenAsync(lifetime);
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
        foreach (var connection in all) connection.Sweep();
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
            if (open.Remove(connection)) TryHandOver(null); // whoever waits may open a new one in its place
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

    private async ValueTask<Rented> OpenAsync(IHttpRequestLifetimeFeature lifetime)
    {
        var shard = dialer.Shard;
        var socket = await TryConnectAsync(shard);
        UpstreamConnection? connection = null;
        lock (gate)
        {
            opening--;
            if (socket is not null) open.Add(connection = new UpstreamConnection(socket, shard, clock, clock.NowMs));
            else TryHandOver(null);
        }
        if (connection is null) return new(null, RentFailure.Connect);
        if (connection.TryBegin(lifetime, isRepeatable: true)) return new(connection, RentFailure.None);
        Discard(connection);
        return new(null, RentFailure.Connect);
    }

    private async ValueTask<IUpstreamSocket?> TryConnectAsync(int shard)
    {
        using var timeout = new CancellationTokenSource(limits.ConnectTimeout);
        try
        {
            return await dialer.ConnectAsync(endPoint, shard, timeout.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return null;
        }
    }
}
