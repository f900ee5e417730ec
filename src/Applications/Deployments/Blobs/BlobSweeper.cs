using Microsoft.Extensions.Logging;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Deployments.Images;
using Strata.Resources.Background;

namespace Strata.Deployments.Blobs;

/// <summary>
/// Deletes blobs that no release needs: neither the image of a release that is there nor the archive of one that is to be built. A young blob stays, because the release that
/// will name it may be on its way. Runs beside everything else; a sweep that fails is repeated.
/// </summary>
internal sealed partial class BlobSweeper(
    IBlobStore blobs, BlobGrants grants, ImageStore images, DeploymentStores stores, TimeProvider time, ILogger<BlobSweeper> logger, Supervisor supervisor)
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
                foreach (var tenant in blobs.Tenants()) await SweepAsync(tenant, stoppingToken);
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
        var candidates = blobs.List(tenant).Where(x => x.PutAt < putBefore).Select(x => x.Digest).ToHashSet();
        if (candidates.Count == 0) return;
        await foreach (var release in stores.Releases.AllAsync(tenant, null, cancellationToken)) candidates.ExceptWith(NeededBy(tenant, release));
        var gone = candidates.Where(x => blobs.Delete(tenant, x, putBefore)).ToList();
        foreach (var digest in gone) grants.Remove(tenant, digest);
        var deleted = gone.Count;
        if (deleted > 0) Swept(logger, tenant, deleted);
    }

    private IEnumerable<Digest> NeededBy(TenantId tenant, ReleaseResource release)
    {
        var needed = release.State switch
        {
            ReleaseStates.Ready => release.Status.Image,
            ReleaseStates.Failed or ReleaseStates.Cancelled => null,
            _ => release.Spec.Source.Archive,
        };
        if (!Digest.TryParse(needed, out var digest)) return [];
        return release.State == ReleaseStates.Ready ? images.BlobsOf(tenant, digest) : [digest];
    }
}
