using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Deployments.Build;

/// <summary>
/// The places for builds on this server: first come, first served within an organization, round robin between organizations, and with a
/// bound per organization where there are several. Safe for concurrent use.
/// </summary>
internal sealed class BuildQueue : IShareReport
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    private readonly FairShare places;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, List<string>> waiting = [];
    private volatile bool isShared;

    public BuildQueue(DeploymentOptions options, TimeProvider time)
    {
        this.time = time;
        var most = options.BuildsPerOrganizationMax ?? Math.Max(1, options.BuildsMax / 2);
        places = new FairShare(
            "builds", new ShareSize(options.BuildsMax) { PerOrganizationMax = most, IsShared = () => isShared }, options.BuildsWaitingMax);
    }

    public IEnumerable<ShareUse> Shares => [places.Use];

    /// <summary>Waits for a place, to be disposed.</summary>
    /// <param name="severalOrganizations">Whether the bound per organization counts.</param>
    /// <param name="onPlaceAsync">Called with the place in the queue, 1 for the next, at first and when it has changed; not called where
    /// there is no need to wait.</param>
    /// <returns>SHARE_EXHAUSTED where too many of the organization wait.</returns>
    public async Task<Result<ShareLease>> TakeAsync(
        TenantId tenant, string release, bool severalOrganizations, Func<int, Task> onPlaceAsync, CancellationToken cancellationToken)
    {
        isShared = severalOrganizations;
        lock (gate)
        {
            if (!waiting.TryGetValue(tenant, out var line)) waiting[tenant] = line = [];
            line.Add(release);
        }
        try
        {
            using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var taking = places.TakeAsync(tenant, Timeout.InfiniteTimeSpan, time, giveUp.Token).AsTask();
            try
            {
                await ShowAsync(taking, tenant, release, onPlaceAsync, cancellationToken);
            }
            catch
            {
                await giveUp.CancelAsync(); // a place without a waiter would never be given back
                await GiveBackAsync(taking);
                throw;
            }
            return await taking;
        }
        finally
        {
            Leave(tenant, release);
        }
    }

    private static async Task GiveBackAsync(Task<Result<ShareLease>> taking)
    {
        try
        {
            if ((await taking).TryGet(out var place, out _)) place.Dispose();
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ShowAsync(
        Task taking, TenantId tenant, string release, Func<int, Task> onPlaceAsync, CancellationToken cancellationToken)
    {
        var shown = 0;
        while (!taking.IsCompleted)
        {
            if (PlaceOf(tenant, release) is var place && place != shown) await onPlaceAsync(shown = place);
            await Task.WhenAny(taking, Task.Delay(LookInterval, time, cancellationToken));
        }
    }

    private void Leave(TenantId tenant, string release)
    {
        lock (gate)
        {
            if (!waiting.TryGetValue(tenant, out var line)) return;
            line.Remove(release);
            if (line.Count == 0) waiting.Remove(tenant);
        }
    }

    /// <summary>Those of its own organization before it, and from each other one as many as get their turn first.</summary>
    private int PlaceOf(TenantId tenant, string release)
    {
        lock (gate)
        {
            var own = Math.Max(0, waiting[tenant].IndexOf(release));
            return 1 + own + waiting.Where(x => x.Key != tenant).Sum(x => Math.Min(x.Value.Count, own + 1));
        }
    }
}
