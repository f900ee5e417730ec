using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Leases among the parts of one process, for tests.</summary>
public sealed class MemoryLeases(TimeProvider time) : ILeases
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (string Holder, DateTimeOffset Until, long Epoch)> leases = [];
    private long lastEpoch;

    public ValueTask<long?> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            var current = Current(name, now);
            if (current is { } other && other != holder) return ValueTask.FromResult<long?>(null);
            return ValueTask.FromResult<long?>(Hold(name, holder, now + duration, current is null ? ++lastEpoch : leases[name].Epoch));
        }
    }

    public ValueTask<bool> RenewAsync(string name, long epoch, TimeSpan duration, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (!leases.TryGetValue(name, out var lease) || lease.Epoch != epoch || lease.Until <= now) return ValueTask.FromResult(false);
            leases[name] = lease with { Until = now + duration };
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<long> TakeOverAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + duration;
        lock (gate) return ValueTask.FromResult(Hold(name, holder, until, ++lastEpoch));
    }

    public ValueTask<long?> TryTakeOverAsync(
        string name, string holder, string from, TimeSpan duration, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (Current(name, now) is { } present && present != from) return ValueTask.FromResult<long?>(null);
            return ValueTask.FromResult<long?>(Hold(name, holder, now + duration, ++lastEpoch));
        }
    }

    public ValueTask ReleaseAsync(string name, long epoch, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (leases.TryGetValue(name, out var lease) && lease.Epoch == epoch) leases.Remove(name);
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            foreach (var name in leases.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList()) leases.Remove(name);
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken)
    {
        lock (gate) return ValueTask.FromResult(Current(name, time.GetUtcNow()));
    }

    /// <summary>Runs the action while the lease cannot be taken; false if the term is over, and then nothing was done.</summary>
    internal bool TryDo(Fence fence, Action action)
    {
        lock (gate)
        {
            if (!leases.TryGetValue(fence.Lease, out var lease) || lease.Epoch != fence.Epoch) return false;
            action();
            return true;
        }
    }

    private string? Current(string name, DateTimeOffset now) => leases.TryGetValue(name, out var lease) && lease.Until > now
        ? lease.Holder : null;

    private long Hold(string name, string holder, DateTimeOffset until, long epoch)
    {
        leases[name] = (holder, until, epoch);
        return epoch;
    }
}
