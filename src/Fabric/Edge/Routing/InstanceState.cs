using Strata.Core;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Routing;

/// <summary>
/// What the edge knows of a running instance from serving it: how many requests it has, its connections, whether it can be reached. It
/// outlives tables, as long as the instance stays at its address. Thread-safe.
/// </summary>
internal sealed class InstanceState(InstanceRecord record, UpstreamPool pool, InstanceHealth health)
{
    private int inFlight;
    private int calls;

    public InstanceRecord Record => record;
    public UpstreamPool Pool => pool;
    public InstanceHealth Health => health;
    public int InFlight => Volatile.Read(ref inFlight);
    public bool IsHealthy => health.IsHealthy;

    /// <summary>Names it to clients that stay with it.</summary>
    public string Mark { get; } = CookieMark.Of(record.Id);

    /// <summary>Names of headers as this instance sends them: the same strings again and again.</summary>
    public HeaderMemo HeaderMemo { get; } = new();

    public void Enter() => Interlocked.Increment(ref inFlight);

    public void Leave() => Interlocked.Decrement(ref inFlight);

    /// <summary>For a gRPC call, which has no connection of the pool. False: the instance has that many.</summary>
    public bool TryEnterCall(int max)
    {
        if (Interlocked.Increment(ref calls) > max)
        {
            Interlocked.Decrement(ref calls);
            return false;
        }
        Enter();
        return true;
    }

    public void LeaveCall()
    {
        Leave();
        Interlocked.Decrement(ref calls);
    }
}

/// <summary>
/// Passive health: after a failed connect the instance rests, twice as long each time; the first request after a rest tries it again.
/// Answers never count against it: an application that fails is still there. Thread-safe.
/// </summary>
internal sealed class InstanceHealth(UpstreamLimits limits, CoarseClock clock)
{
    private int failures;
    private long restsUntil;

    public bool IsHealthy => Volatile.Read(ref failures) < limits.FailuresToEject || clock.NowMs >= Volatile.Read(ref restsUntil);

    public void Succeeded()
    {
        if (Volatile.Read(ref failures) != 0) Volatile.Write(ref failures, 0);
    }

    public void Failed()
    {
        if (!IsHealthy) return; // others of the same moment do not make the rest longer
        var count = Interlocked.Increment(ref failures);
        if (count < limits.FailuresToEject) return;
        var rest = new ExponentialBackOff(limits.EjectMin, limits.EjectMax).After(count - limits.FailuresToEject + 1);
        Volatile.Write(ref restsUntil, clock.NowMs + (long)rest.TotalMilliseconds);
    }
}
