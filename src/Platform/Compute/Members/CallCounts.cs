namespace Strata.Compute.Members;

/// <summary>What becomes of calls to compute members on this server, of all organizations together. Safe for concurrent use.</summary>
public sealed class CallCounts
{
    private long running;
    private long waiting;
    private long refused;
    private long timedOut;

    /// <summary>Members work on them.</summary>
    public long Running => Interlocked.Read(ref running);

    /// <summary>They wait for a member that is free.</summary>
    public long Waiting => Interlocked.Read(ref waiting);

    /// <summary>Answered with SERVER_BUSY.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>No answer came within the response timeout.</summary>
    public long TimedOut => Interlocked.Read(ref timedOut);

    internal void Began() => Interlocked.Increment(ref running);

    internal void Ended() => Interlocked.Decrement(ref running);

    internal void BeganWaiting() => Interlocked.Increment(ref waiting);

    internal void EndedWaiting() => Interlocked.Decrement(ref waiting);

    internal void WasRefused() => Interlocked.Increment(ref refused);

    internal void RanOutOfTime() => Interlocked.Increment(ref timedOut);
}
