using System.Collections.Concurrent;
using Strata.Certificates.Acme;

namespace Strata.Certificates.Tests.Acme;

/// <summary>
/// A clock for code that polls: what waits is woken at once, and the clock then shows the time that they waited for. Limits of single
/// requests, which are no pauses, never pass.
/// </summary>
internal sealed class HurryingTime : TimeProvider
{
    private readonly Lock gate = new();
    private DateTimeOffset now = new(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);

    /// <summary>In their order.</summary>
    public ConcurrentQueue<TimeSpan> Pauses { get; } = [];

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan && dueTime != AcmeTransport.RequestPatience)
        {
            lock (gate) now += dueTime;
            Pauses.Enqueue(dueTime);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }
        return new Fired();
    }

    private sealed class Fired : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
