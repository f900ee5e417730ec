using Microsoft.Extensions.Logging;
using Strata.Blobs;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Deployments.Images;
using Strata.Resources.Background;

namespace Strata.Deployments.Retention;

/// <summary>
/// Deletes blobs that no release needs: neither the image of a release that is there nor the archive of one that is to be built. A young
/// blob stays, because the release that will name it may be on its way. Uploads that have expired go too. Each server sweeps, also where
/// they share the blobs: the store sees to it that what one of them has just put stays. A sweep that fails is repeated.
/// </summary>
internal sealed partial class BlobSweeper(
    IBlobStore blobs, ImageStore images, DeploymentStores stores, TimeProvider time, ILogger<BlobSweeper> logger, Supervisor supervisor)
    : SupervisedService(supervisor, "blob-sweeper")
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(15);

    /// <summary>Longer than any upload and build.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromHours(24);

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await foreach (var tenant in blobs.AllTenantsAsync(stoppingToken)) await SweepAsync(tenant, stoppingToken);
                work.Succeeded();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                work.Failed(e); // the next sweep is soon enough
            }
        }
    }

    internal async Task SweepAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var putBefore = time.GetUtcNow() - Young;
        HashSet<Digest>? needed = null;
        var deleted = 0;
        await foreach (var blob in blobs.AllAsync(tenant, cancellationToken))
        {
            if (blob.PutAt >= putBefore) continue;
            needed ??= await NeededAsync(tenant, cancellationToken);
            if (!needed.Contains(blob.Digest) && (await blobs.DeleteAsync(tenant, blob.Digest, putBefore, cancellationToken)).Value)
                deleted++;
        }
        if (deleted > 0) Swept(logger, tenant, deleted);
        _ = (await blobs.Uploads.RemoveExpiredAsync(tenant, cancellationToken)).Value;
    }

    private async Task<HashSet<Digest>> NeededAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var needed = new HashSet<Digest>();
        await foreach (var release in stores.Releases.AllAsync(tenant, null, cancellationToken))
            needed.UnionWith(await NeededByAsync(tenant, release, cancellationToken));
        return needed;
    }

    private async Task<IReadOnlyList<Digest>> NeededByAsync(TenantId tenant, ReleaseResource release, CancellationToken cancellationToken)
    {
        var needed = release.State switch
        {
            ReleaseStates.Ready => release.Status.Image,
            ReleaseStates.Failed or ReleaseStates.Cancelled => null,
            _ => release.Spec.Source.Archive,
        };
        if (!Digest.TryParse(needed, out var digest)) return [];
        return release.State == ReleaseStates.Ready ? (await images.BlobsOfAsync(tenant, digest, cancellationToken)).Value : [digest];
    }
}
