using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Strata.Edge.Transport;

/// <summary>
/// One thread that waits for sockets with epoll and runs the continuations that wait for them. A client's connection and the connections to
/// instances that serve it live on the same loop, so a request never changes threads.
/// <para>Invariants: sockets are watched edge-triggered, for both directions, from their birth to their closing, so a request costs no call
/// but its receives and sends. Only the loop's thread raises a socket's readiness; other threads ask it to by <see cref="Wake"/>. What runs
/// on a loop must not block.</para>
/// </summary>
internal sealed partial class EventLoop : IDisposable
{
    private const int EventsMax = 512;
    private const uint Watched = Events.In | Events.Out | Events.PeerShut | Events.EdgeTriggered;

    [ThreadStatic]
    private static EventLoop? current;

    private readonly SafeFileHandle epoll = Checked(Libc.EpollCreate(Libc.CloseOnExec));
    private readonly SafeFileHandle alarm = Checked(Libc.EventCounter(0, Libc.CloseOnExec | Libc.NonBlocking));
    private readonly Lock gate = new();
    private readonly ConcurrentQueue<LoopSocket> woken = new();
    private readonly Stack<int> free = new();
    private readonly ILogger logger;
    private readonly Thread thread;
    private LoopSocket?[] slots = new LoopSocket?[64];
    private int used = 1; // slot 0 is the alarm's
    private int generation;
    private int isAlarmed;
    private volatile bool isStopping;

    public EventLoop(int index, ILogger logger)
    {
        Index = index;
        this.logger = logger;
        Add(alarm, 0, Events.In | Events.EdgeTriggered);
        thread = new Thread(Run) { Name = $"edge loop {index}", IsBackground = true };
        thread.Start();
    }

    /// <summary>The loop that this thread is; null on any other thread.</summary>
    public static EventLoop? Current => current;
    public int Index { get; }

    /// <summary>Counts the batches of events, so that a socket knows whether it has had its share of this one.</summary>
    public int Turn { get; private set; }

    /// <summary>Watches a socket until <see cref="Forget"/> is called after its closing.</summary>
    public void Watch(LoopSocket socket, SafeHandle handle)
    {
        lock (gate)
        {
            if (!free.TryPop(out var slot)) slot = used++;
            if (slot == slots.Length) Array.Resize(ref slots, slots.Length * 2);
            socket.Key = ((long)++generation << 32) | (uint)slot;
            slots[slot] = socket;
        }
        Add(handle, socket.Key, Watched);
    }

    public void Forget(LoopSocket socket)
    {
        lock (gate)
        {
            var slot = SlotOf(socket.Key);
            if (slots[slot] != socket) return;
            slots[slot] = null;
            free.Push(slot);
        }
    }

    /// <summary>Lets the socket's waiters look again, on the loop's thread. May be called by any thread.</summary>
    public void Wake(LoopSocket socket)
    {
        woken.Enqueue(socket);
        if (Interlocked.Exchange(ref isAlarmed, 1) == 0) Alarm();
    }

    /// <summary>Ends the thread. The sockets must be closed before: their waiters are not woken afterwards.</summary>
    public void Dispose()
    {
        isStopping = true;
        Alarm();
        if (current != this) thread.Join(); // what runs on the loop may be what ends it
    }

    private void Run()
    {
        current = this;
        var events = new Events(EventsMax);
        while (!isStopping)
        {
            var count = Libc.EpollWait(epoll, ref events.First, EventsMax, -1);
            Turn++;
            for (var i = 0; i < count; i++) Dispatch(events.KeyAt(i), events.FlagsAt(i));
            if (Volatile.Read(ref isAlarmed) == 1) RunWoken();
        }
        epoll.Dispose();
        alarm.Dispose();
    }

    /// <summary>
    /// An event of a socket that has just been closed may still be in the batch: its key distinguishes it from the slot's next one.
    /// </summary>
    private void Dispatch(long key, uint flags)
    {
        if (Volatile.Read(ref slots)[SlotOf(key)] is { } socket && socket.Key == key) Continue(socket, flags);
    }

    private void RunWoken()
    {
        var number = 0L;
        _ = Libc.Read(alarm, ref number, sizeof(long));
        Interlocked.Exchange(ref isAlarmed, 0);
        for (var left = woken.Count; left > 0 && woken.TryDequeue(out var socket); left--) Continue(socket, Events.In | Events.Out);
        if (!woken.IsEmpty && Interlocked.Exchange(ref isAlarmed, 1) == 0) Alarm();
    }

    private void Continue(LoopSocket socket, uint flags)
    {
        try
        {
            socket.Happened(flags);
        }
        catch (Exception e)
        {
            LogFailed(logger, Index, e); // out of the thread it would end the process
        }
    }

    private void Alarm()
    {
        try
        {
            var one = 1L;
            _ = Libc.Write(alarm, ref one, sizeof(long));
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended.
        }
    }

    private static int SlotOf(long key) => (int)(key & uint.MaxValue);

    private void Add(SafeHandle handle, long key, uint flags)
    {
        var epollEvent = new Events(1);
        epollEvent.Set(flags, key);
        if (Libc.EpollControl(epoll, Libc.EpollAdd, handle, ref epollEvent.First) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    private static SafeFileHandle Checked(SafeFileHandle handle) => handle.IsInvalid
        ? throw new Win32Exception(Marshal.GetLastPInvokeError()) : handle;

    [LoggerMessage(Level = LogLevel.Error, Message = "Event loop {Index} caught an unhandled error")]
    private static partial void LogFailed(ILogger logger, int index, Exception exception);
}
