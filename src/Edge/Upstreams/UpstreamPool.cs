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
internal sealed class UpstreamPool(IPEndPoint endPoint, UpstreamLimits limits, CoarseClock clock)
{
    private readonly Lock gate = new();
    private readonly Stack<UpstreamConnection> idle = new();
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

    /// <summary>An idle connection that is alive, begun for this request.</summary>
    public bool TryRent(IHttpRequestLifetimeFeature lifetime, [NotNullWhen(true)] out UpstreamConnection? connection)
    {
        while (TryPop(out connection))
        {
            if (connection.TryBegin(lifetime)) return true;
            Discard(connection);
        }
        return false;
    }

    /// <summary>An idle connection, a new one, or one that another request is done with.</summary>
    public async ValueTask<Rented> RentAsync(IHttpRequestLifetimeFeature lifetime)
    {
        while (true)
        {
            if (TryRent(lifetime, out var connection)) return new(connection, RentFailure.None);
            TaskCompletionSource<UpstreamConnection?>? waiter = null;
            lock (gate)
            {
                if (open.Count + opening < limits.ConnectionsMax) opening++;
                else if (waiters.Count >= limits.WaitersMax) return new(null, RentFailure.Overloaded);
                else waiters.Enqueue(waiter = new(TaskCreationOptions.RunContinuationsAsynchronously));
            }
            if (waiter is null) return await OpenAsync(lifetime);
            if (!await WaitAsync(waiter)) return new(null, RentFailure.Overloaded);
            if (waiter.Task is { IsCompletedSuccessfully: true } && await waiter.Task is { } handed)
            {
                if (handed.TryBegin(lifetime)) return new(handed, RentFailure.None);
                Discard(handed);
            }
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
            unused = [.. idle];
            idle.Clear();
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
            CollectStale(clock.NowMs - (long)limits.KeepAliveTimeout.TotalMilliseconds);
        }
        foreach (var connection in all) connection.Sweep();
    }

    /// <summary>Under the lock. The stack is ordered: the longest idle lie at its bottom.</summary>
    private void CollectStale(long before)
    {
        if (idle.Count == 0 || idle.All(c => c.IdleSince >= before)) return;
        var kept = idle.Where(c => c.IdleSince >= before).Reverse().ToArray();
        foreach (var stale in idle.Where(c => c.IdleSince < before))
        {
            open.Remove(stale);
            stale.Close();
        }
        idle.Clear();
        foreach (var connection in kept) idle.Push(connection);
    }

    private bool TryPop([NotNullWhen(true)] out UpstreamConnection? connection)
    {
        lock (gate) return idle.TryPop(out connection);
    }

    private void Discard(UpstreamConnection connection)
    {
        connection.Close();
        lock (gate)
        {
            if (open.Remove(connection)) TryHandOver(null); // whoever waits may open a new one in its place
        }
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
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var connected = await TryConnectAsync(socket);
        UpstreamConnection? connection = null;
        lock (gate)
        {
            opening--;
            if (connected) open.Add(connection = new UpstreamConnection(socket, clock, clock.NowMs));
            else TryHandOver(null);
        }
        if (connection is null)
        {
            socket.Dispose();
            return new(null, RentFailure.Connect);
        }
        if (connection.TryBegin(lifetime)) return new(connection, RentFailure.None);
        Discard(connection);
        return new(null, RentFailure.Connect);
    }

    private async ValueTask<bool> TryConnectAsync(Socket socket)
    {
        using var timeout = new CancellationTokenSource(limits.ConnectTimeout);
        try
        {
            await socket.ConnectAsync(endPoint, timeout.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
