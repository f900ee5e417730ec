using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Transfer;

/// <summary>The status of an organization's import.</summary>
/// <param name="State">UNFINISHED or COMPLETE.</param>
/// <param name="Export">The id of the export that is brought in.</param>
/// <param name="Staged">Up to which revision of it all has come.</param>
/// <param name="Base">The revision that the organization's log had before; an imported revision has its old number and this.</param>
/// <param name="ExpiresAt">Of an unfinished one: then the organization takes writes again, unless more of the export has come. Null: it is
/// complete, or of an earlier version.</param>
internal sealed record ImportState(
    string State, Guid Export, long Staged, DateTimeOffset At, long? Revisions = null, string? Digest = null, long? Base = null,
    DateTimeOffset? ExpiresAt = null)
{
    /// <summary>How long an import that is not continued keeps the organization closed to writes.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public const string Unfinished = "UNFINISHED";
    public const string Complete = "COMPLETE";

    private const string Name = "import";

    /// <summary>The lease under which an organization has at most one import at a time, on any server.</summary>
    public static string LeaseOf(TenantId tenant) => $"import/{tenant}";

    public static async ValueTask<ImportState?> ReadAsync(IDurableValues durable, TenantId tenant, CancellationToken cancellationToken) =>
        await durable.ReadAsync(tenant, Name, cancellationToken) is { } value ? value.To(WireJson.Of<ImportState>()) : null;

    /// <summary>Unfinished, and the organization waits for it.</summary>
    public bool IsUnderWay(DateTimeOffset now) => State == Unfinished && ExpiresAt is { } expiry && expiry > now;

    public DurableValue ToMark() => new(Name, JsonText.From(this, WireJson.Of<ImportState>()));

    /// <returns>False where the lease has gone to another server: nothing was written.</returns>
    public ValueTask<bool> WriteAsync(IDurableValues durable, TenantId tenant, Fence fence, CancellationToken cancellationToken) =>
        durable.WriteAsync(tenant, Name, JsonText.From(this, WireJson.Of<ImportState>()), fence, cancellationToken);

    /// <summary>Removes all that an import has staged, accepts users' writes again, and then deletes the import.</summary>
    /// <returns>False where the lease has gone to another server.</returns>
    public static async ValueTask<bool> DiscardAsync(
        ITransfers transfers, IDurableValues durable, TenantId tenant, Fence fence, CancellationToken cancellationToken) =>
        await transfers.UnstageAsync(tenant, revisions: true, fence, cancellationToken)
        && await transfers.OpenAsync(tenant, fence, cancellationToken)
        && await ForgetAsync(durable, tenant, fence, cancellationToken);

    /// <returns>False where the lease has gone to another server: nothing was removed.</returns>
    public static ValueTask<bool> ForgetAsync(IDurableValues durable, TenantId tenant, Fence fence, CancellationToken cancellationToken) =>
        durable.DeleteAsync(tenant, Name, fence, cancellationToken);
}
