using System.Buffers;
using Microsoft.AspNetCore.Http.Features;

namespace Strata.Edge.Upstreams;

/// <summary>Why a connection to an instance was cut off from our side.</summary>
internal enum CutReason
{
    None,
    Timeout,
    ClientGone,

    /// <summary>The edge stops, and the stream would never end by itself.</summary>
    Stopping,
}

/// <summary>What a connection is used for, as the pool counts it.</summary>
internal enum StreamUse
{
    None,

    /// <summary>A request that lasts long: a long poll, a large download.</summary>
    Long,

    /// <summary>A WebSocket or event stream: ends when the edge stops.</summary>
    Endless,
}

/// <summary>
/// One TCP connection to an instance. One request at a time uses it: <see cref="TryBegin"/>, send, receive, then back to the pool or
/// <see cref="Close"/>.
/// <para>Invariants: while idle it holds no buffer and no pending receive. The receive is begun <em>before</em> the request is sent: it
/// costs no further call into the kernel, and a connection that the instance has closed, or on which it sent unrequested bytes, is detected
/// before anything is sent.</para>
/// <para>Only <see cref="Sweep"/> may be called by another thread, at any time. It cuts the connection off by closing the socket; the
/// pending receive or send then fails, and <see cref="Cut"/> says why. The connection's user wins or loses that race once, in
/// <see cref="TryEnd"/>.</para>
/// </summary>
internal sealed class UpstreamConnection(IUpstreamSocket socket, int shard, CoarseClock clock, long bornAt)
{
    public const int BufferBytes = 8 * 1024;

    /// <summary>A client that went away is looked for only when its request has taken this long: asking costs an allocation.</summary>
    private const int ClientCheckAfterMs = 200;

    /// <summary>Idle for longer, the next receive asks the kernel, whatever has been signalled so far.</summary>
    private const int BrieflyIdleMs = 200;
    private const long NoDeadline = long.MaxValue;
    private const int Idle = 0, Used = 1, Severed = 2;

    /// <summary>
    /// The lease's number, times four, and the phase: so the sweeper cannot cut off the next request that uses the connection.
    /// </summary>
    private long lease;
    private long receiveBy = NoDeadline;
    private long sendBy = NoDeadline;
    private long begunAt = bornAt;
    private int cut;
    private IHttpRequestLifetimeFeature? client;
    private byte[]? buffer;
    private int start;
    private int end;
    private ValueTask<int> pending;
    private bool isPending;

    /// <summary>Bytes received and not yet consumed.</summary>
    public ReadOnlySpan<byte> Unread => buffer.AsSpan(start, end - start);

    public ReadOnlyMemory<byte> UnreadMemory => buffer.AsMemory(start, end - start);

    /// <summary>Of the dialer's shards, the one it belongs to.</summary>
    public int Shard => shard;

    /// <summary>Whether an earlier request has used it: then it may have died of old age.</summary>
    public bool IsReused { get; private set; }

    /// <summary>Whether anything of the answer has arrived.</summary>
    public bool HasReceived { get; private set; }

    /// <summary>Set by the pool, under its lock.</summary>
    public StreamUse Stream { get; set; }

    /// <summary>Streams that the route of the present request allows one instance.</summary>
    public int StreamsMax { get; set; }
    public CutReason Cut => (CutReason)Volatile.Read(ref cut);

    /// <summary>Since when it lies idle.</summary>
    public long IdleSince { get; private set; } = bornAt;

    /// <summary>Takes the connection for a request. False: it turned out dead, and the caller discards it.</summary>
    /// <param name="isRepeatable">The request can be sent again should the connection turn out dead all the same.</param>
    public bool TryBegin(IHttpRequestLifetimeFeature requestLifetime, bool isRepeatable)
    {
        if (!isRepeatable || clock.NowMs - IdleSince > BrieflyIdleMs) socket.Probe();
        client = requestLifetime;
        begunAt = clock.NowMs;
        HasReceived = false;
        buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        start = end = 0;
        BeginReceive();
        Volatile.Write(ref lease, (((lease >> 2) + 1) << 2) | Used);
        return !pending.IsCompleted;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, TimeSpan timeout)
    {
        Volatile.Write(ref sendBy, clock.After(timeout));
#pragma warning disable CA2012 // Looked at here, and then either done with or awaited once.
        var sending = socket.SendAsync(bytes);
        if (!sending.IsCompletedSuccessfully) return SendRestAsync(sending, bytes);
        var sent = sending.Result;
#pragma warning restore CA2012
        if (sent != bytes.Length) return SendRestAsync(new(sent), bytes);
        Volatile.Write(ref sendBy, NoDeadline);
        return default;
    }

    /// <summary>From now on the next part of the answer must arrive within this time.</summary>
    public void ExpectWithin(TimeSpan timeout) => Volatile.Write(ref receiveBy, clock.After(timeout));

    /// <summary>The instance owes nothing now: we wait for the client.</summary>
    public void ExpectNothing() => Volatile.Write(ref receiveBy, NoDeadline);

    /// <summary>
    /// Waits for more bytes behind the unread ones; the count goes to <see cref="Received"/>. The buffer grows up to
    /// <paramref name="bufferMax"/> when it is full.
    /// </summary>
    /// <exception cref="UpstreamException">The buffer is full.</exception>
    public ValueTask<int> ReceiveAsync(int bufferMax = BufferBytes)
    {
        if (isPending) return pending;
        MakeRoom(bufferMax);
        BeginReceive();
        return pending;
    }

    /// <summary>Takes in what <see cref="ReceiveAsync"/> received, when the answer must continue.</summary>
    /// <exception cref="UpstreamException">The instance has ended it instead.</exception>
    public void Received(int count)
    {
        if (!TryReceived(count)) throw new UpstreamException("it ended early");
    }

    /// <summary>Takes in what <see cref="ReceiveAsync"/> brought. False: the instance sends no more.</summary>
    public bool TryReceived(int count)
    {
        isPending = false;
        end += count;
        if (count > 0) HasReceived = true;
        return count > 0;
    }

    /// <summary>Past the buffer, straight into the caller's memory. Only when nothing is unread.</summary>
    public async ValueTask<int> ReceiveIntoAsync(Memory<byte> memory)
    {
        HasReceived = true;
        return await socket.ReceiveAsync(memory);
    }

    public void Consume(int count) => start += count;

    /// <summary>Receives into a buffer of this size from now on. Only when nothing is unread.</summary>
    public void UseBuffer(int size)
    {
        if (isPending || start != end || buffer!.Length >= size) return;
        ReturnBuffer();
        buffer = ArrayPool<byte>.Shared.Rent(size);
    }

    /// <summary>Ends the request's use. False: it was cut off meanwhile, or something is left over, and it cannot be used again.</summary>
    public bool TryEnd()
    {
        var mine = Volatile.Read(ref lease);
        var ended = (mine & 3) == Used && Interlocked.CompareExchange(ref lease, mine & ~3L | Idle, mine) == mine;
        client = null;
        receiveBy = sendBy = NoDeadline;
        if (!ended || isPending || start != end) return false;
        ReturnBuffer();
        IsReused = true;
        IdleSince = clock.NowMs;
        return true;
    }

    /// <summary>Closes the socket. What is pending fails.</summary>
    public void Close()
    {
        socket.Dispose();
        client = null;
        if (isPending) buffer = null; // the kernel may still write into it: it goes to the collector, not to the pool
        else ReturnBuffer();
    }

    /// <summary>In use by one request for that long.</summary>
    public bool IsUsedLongerThan(TimeSpan duration) =>
        (Volatile.Read(ref lease) & 3) == Used && clock.NowMs - begunAt > duration.TotalMilliseconds;

    /// <summary>No more will be sent.</summary>
    public void ShutdownSend() => socket.ShutdownSend();

    /// <summary>Cuts the connection off. May be called by another thread while the request lasts.</summary>
    public void CutOff(CutReason reason) => CutOff(Volatile.Read(ref lease), reason);

    /// <summary>Cuts the connection off where a deadline has passed or its client is gone. Called by the sweeper.</summary>
    public void Sweep()
    {
        var seen = Volatile.Read(ref lease);
        if ((seen & 3) != Used) return;
        var reason = Verdict(clock.NowMs);
        if (reason != CutReason.None) CutOff(seen, reason);
    }

    private void CutOff(long seen, CutReason reason)
    {
        if ((seen & 3) != Used || Interlocked.CompareExchange(ref lease, seen & ~3L | Severed, seen) != seen) return;
        Volatile.Write(ref cut, (int)reason);
        socket.Dispose();
    }

    private CutReason Verdict(long now)
    {
        if (now >= Volatile.Read(ref receiveBy) || now >= Volatile.Read(ref sendBy)) return CutReason.Timeout;
        if (now - begunAt < ClientCheckAfterMs) return CutReason.None;
        return client is { } waiting && IsGone(waiting) ? CutReason.ClientGone : CutReason.None;
    }

    private static bool IsGone(IHttpRequestLifetimeFeature waiting)
    {
        try
        {
            return waiting.RequestAborted.IsCancellationRequested;
        }
        catch (ObjectDisposedException)
        {
            return false; // the request has just ended by itself
        }
    }

    private void BeginReceive()
    {
#pragma warning disable CA2012 // It is consumed once: by the next ReceiveAsync, or never when the socket is closed.
        pending = socket.ReceiveAsync(buffer.AsMemory(end));
#pragma warning restore CA2012
        isPending = true;
    }

    private async ValueTask SendRestAsync(ValueTask<int> sending, ReadOnlyMemory<byte> bytes)
    {
        while (true)
        {
            bytes = bytes[await sending..];
            if (bytes.IsEmpty) break;
            sending = socket.SendAsync(bytes);
        }
        Volatile.Write(ref sendBy, NoDeadline);
    }

    private void MakeRoom(int bufferMax)
    {
        if (start == end) start = end = 0;
        if (end < buffer!.Length) return;
        if (start == 0 && end >= bufferMax) throw new UpstreamException("its head is larger than the edge allows");
        var target = start == 0 ? ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 2, bufferMax)) : buffer;
        buffer.AsSpan(start, end - start).CopyTo(target);
        (end, start) = (end - start, 0);
        if (target != buffer) ArrayPool<byte>.Shared.Return(buffer);
        buffer = target;
    }

    private void ReturnBuffer()
    {
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
        start = end = 0;
    }
}

/// <summary>The answer is a stream, of which the instance has as many as it may.</summary>
internal sealed class StreamsExhaustedException : Exception;

/// <summary>An instance's answer breaks the protocol. The message completes the sentence "The answer is not valid: …".</summary>
internal sealed class UpstreamException(string message) : Exception(message);
