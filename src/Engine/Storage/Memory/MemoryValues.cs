using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Durable values in memory, for tests.</summary>
/// <param name="leases">Against which fences are checked; null: they are not.</param>
public sealed class MemoryValues(MemoryLeases? leases = null) : IDurableValues
{
    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, SortedDictionary<string, JsonText>> tenants = [];

    public ValueTask<JsonText?> ReadAsync(TenantId tenant, string name, CancellationToken cancellationToken)
    {
        lock (gate) return ValueTask.FromResult(Of(tenant).TryGetValue(name, out var value) ? value : (JsonText?)null);
    }

    public ValueTask<bool> WriteAsync(TenantId tenant, string name, JsonText value, Fence? fence, CancellationToken cancellationToken)
    {
        DurableValueGuard.Check(value);
        if (fence is { } term && leases is not null) return ValueTask.FromResult(leases.TryDo(term, () => Write(tenant, name, value)));
        Write(tenant, name, value);
        return ValueTask.FromResult(true);
    }

    public ValueTask<bool> TryAddAsync(TenantId tenant, string name, JsonText value, CancellationToken cancellationToken)
    {
        DurableValueGuard.Check(value);
        lock (gate) return ValueTask.FromResult(Of(tenant).TryAdd(name, value));
    }

    /// <summary>For callers that already hold the lease's gate.</summary>
    internal void Write(TenantId tenant, DurableValue mark)
    {
        DurableValueGuard.Check(mark.Value);
        Write(tenant, mark.Name, mark.Value);
    }

    private void Write(TenantId tenant, string name, JsonText value)
    {
        lock (gate) Of(tenant)[name] = value;
    }

    public ValueTask<IReadOnlyList<DurableValue>> ListAsync(
        TenantId tenant, string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var found = Of(tenant)
                .Where(m => m.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(m.Key, after) > 0);
            return ValueTask.FromResult<IReadOnlyList<DurableValue>>([.. found.Take(limit).Select(m => new DurableValue(m.Key, m.Value))]);
        }
    }

    public ValueTask<bool> DeleteAsync(TenantId tenant, string prefix, Fence? fence, CancellationToken cancellationToken)
    {
        if (fence is { } term && leases is not null) return ValueTask.FromResult(leases.TryDo(term, () => Delete(tenant, prefix)));
        Delete(tenant, prefix);
        return ValueTask.FromResult(true);
    }

    private void Delete(TenantId tenant, string prefix)
    {
        lock (gate)
        {
            var all = Of(tenant);
            foreach (var name in all.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList()) all.Remove(name);
        }
    }

    private SortedDictionary<string, JsonText> Of(TenantId tenant)
    {
        if (!tenants.TryGetValue(tenant, out var values)) tenants.Add(tenant, values = new(StringComparer.Ordinal));
        return values;
    }
}
