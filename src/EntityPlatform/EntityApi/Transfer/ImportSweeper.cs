using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;

namespace Strata.EntityApi.Transfer;

/// <summary>
/// Each hour, on one server at a time, removes what is left of imports that expired a day ago: they will not be continued, and what they
/// have staged takes as much room as the organization's data would.
/// </summary>
internal sealed class ImportSweeper(ITransfers transfers, IDurableValues durable, ILeases leases, TimeProvider time, Supervisor supervisor)
    : LeasedService("import-sweeper", leases, time, supervisor)
{
    /// <summary>How long an import is kept after its expiry; until then the same export sent again still continues it.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(1);

    private const int PageMax = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(15);

    private readonly ILeases leases = leases;
    private readonly TimeProvider time = time;

    protected override async Task RunTermAsync(SupervisedWork work, Fence fence, CancellationToken term)
    {
        while (true)
        {
            await SweepAsync(term);
            work.Succeeded();
            await Task.Delay(Interval, time, term);
        }
    }

    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        TenantId? last = null;
        while (true)
        {
            var page = await transfers.ExpiredAsync(time.GetUtcNow() - KeptFor, last, PageMax, cancellationToken);
            foreach (var tenant in page) await SweepAsync(tenant, cancellationToken);
            if (page.Count < PageMax) return;
            last = page[^1];
        }
    }

    private async Task SweepAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var lease = await HeldLease.TryTakeAsync(
            leases, ImportState.LeaseOf(tenant), HeldLease.NewHolder(time), LeaseTime, time, cancellationToken);
        if (lease is null) return; // an import is running
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            var state = await ImportState.ReadAsync(durable, tenant, either.Token);
            // it went on meanwhile
            if (state is { State: ImportState.Unfinished, ExpiresAt: { } expiry } && expiry > time.GetUtcNow() - KeptFor) return;
            if (state is { State: ImportState.Complete }) await transfers.OpenAsync(tenant, lease.Fence, either.Token);
            else await ImportState.DiscardAsync(transfers, durable, tenant, lease.Fence, either.Token);
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // An import has begun on another server.
        }
    }
}
