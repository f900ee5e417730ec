using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Leases among the parts of one process, for tests.</summary>
public sealed class MemoryLeases(TimeProvider time) : ILeases
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (string Holder, DateTimeOffset Until)> leases = [];

    public ValueTask<bool> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (Current(name, now) is { } other && other != holder) return ValueTask.FromResult(false);
            leases[name] = (holder, now + duration);
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask ReleaseAsync(string name, string holder, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (leases.TryGetValue(name, out var lease) && lease.Holder == holder) leases.Remove(name);
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

    private string? Current(string name, DateTimeOffset now) => leases.TryGetValue(name, out var lease) && lease.Until > now ? lease.Holder : null;
}
