namespace Strata.Edge.Transport;

/// <summary>A continuation that runs when its socket is ready.</summary>
internal interface IReadyWaiter
{
    void Continue();
}

/// <summary>
/// Whether a socket may have something for its one user in one direction. The loop counts the kernel's signals up; the user notes up to
/// which one it has drained the socket. So a signal between a drained receive and the note is never lost, and neither side takes a lock.
/// </summary>
/// <param name="raised">1: worth a try before the first signal.</param>
internal sealed class Readiness(LoopSocket socket, int raised)
{
    private int raised = raised;
    private int drained;
    private int isWaiting;
    private IReadyWaiter? waiter;

    public bool IsSet => Volatile.Read(ref raised) != drained;

    /// <summary>The last signal so far. Read it before the attempt that may drain the socket.</summary>
    public int Raised => Volatile.Read(ref raised);

    /// <summary>Nothing was left at the time of this signal.</summary>
    public void Drained(int signal) => drained = signal;

    /// <summary>Called by the loop only. The waiter continues synchronously.</summary>
    public void Raise()
    {
        Volatile.Write(ref raised, raised + 1);
        if (Interlocked.Exchange(ref isWaiting, 0) == 1) waiter!.Continue();
    }

    /// <summary>Continues the waiter at the next signal, on the loop; one that has come meanwhile counts. One waiter at a time.</summary>
    public void Await(IReadyWaiter next)
    {
        waiter = next;
        Interlocked.Exchange(ref isWaiting, 1);
        if (!IsSet) return;
        if (!socket.IsOnItsLoop) socket.WakeUsers();
        else if (Interlocked.Exchange(ref isWaiting, 0) == 1) next.Continue();
    }
}
