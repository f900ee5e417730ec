using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// Small durable values beside the log: how far a worker has come and what failed. Not entities, because data that changes all the time and
/// has no later use does not belong in a log that keeps everything. Names are paths, for example <c>webhook/ID/position</c>. Safe for
/// concurrent use; the last to write wins.
/// </summary>
public interface IDurableValues
{
    /// <summary>Bytes of a value at most; what is longer is a fault of the program.</summary>
    public const int ValueBytesMax = 64 * 1024;

    ValueTask<JsonText?> ReadAsync(TenantId tenant, string name, CancellationToken cancellationToken);

    /// <param name="fence">The lease under which it is written; null: under none.</param>
    /// <returns>False where the lease has gone to another holder: nothing was written.</returns>
    ValueTask<bool> WriteAsync(TenantId tenant, string name, JsonText value, Fence? fence, CancellationToken cancellationToken);

    /// <summary>Writes a value if none has that name. Of several callers at once, on all servers, one gets true.</summary>
    ValueTask<bool> TryAddAsync(TenantId tenant, string name, JsonText value, CancellationToken cancellationToken);

    /// <summary>Those whose names begin so, by name, behind <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<DurableValue>> ListAsync(
        TenantId tenant, string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Removes all whose names begin so.</summary>
    /// <param name="fence">The lease under which they are removed; null: under none.</param>
    /// <returns>False where the lease has gone to another holder: nothing was removed.</returns>
    ValueTask<bool> DeleteAsync(TenantId tenant, string prefix, Fence? fence, CancellationToken cancellationToken);
}

public static class MarksExtensions
{
    public static async ValueTask WriteAsync(
        this IDurableValues durable, TenantId tenant, string name, JsonText value, CancellationToken cancellationToken) =>
        await durable.WriteAsync(tenant, name, value, null, cancellationToken);

    public static async ValueTask DeleteAsync(
        this IDurableValues durable, TenantId tenant, string prefix, CancellationToken cancellationToken) =>
        await durable.DeleteAsync(tenant, prefix, null, cancellationToken);
}

public sealed record DurableValue(string Name, JsonText Value);
