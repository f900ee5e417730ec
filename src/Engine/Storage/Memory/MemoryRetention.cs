using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Retention of a log in memory, for tests.</summary>
public sealed class MemoryRetention(MemoryLog log) : IRetention
{
    public ValueTask<SupersededPage> CountAsync(Superseded superseded, CancellationToken cancellationToken) =>
        ValueTask.FromResult(log.Of(superseded.Tenant).Superseded(superseded, drops: false));

    public ValueTask<SupersededPage> DropAsync(Superseded superseded, CancellationToken cancellationToken) =>
        ValueTask.FromResult(log.Of(superseded.Tenant).Superseded(superseded, drops: true));
}
