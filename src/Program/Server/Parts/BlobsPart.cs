using Strata.Blobs;
using Strata.Blobs.Disk;
using Strata.Core.Background;
using Strata.S3Blobs;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>
/// The storage of sources and images: the data folder or a bucket. A bucket that cannot be used stops the start; one that fails later makes this
/// part unhealthy, and uploads, builds and starts of new releases fail with BLOBS_UNAVAILABLE, while what runs is not affected.
/// </summary>
internal sealed class BlobsPart(ServerOptions options, Supervisor supervisor, TimeProvider time) : IPart
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(15);

    private IS3BlobStore? bucket;
    private SupervisedWork? probe;
    private IBlobStore? store;

    public string Name => "blobs";

    /// <summary>Set once it has started.</summary>
    public IBlobStore Store => store ?? throw new InvalidOperationException("The blobs have not started.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var limits = new BlobLimits { ReserveBytes = options.Limits.DiskReserveBytes, QuotaBytes = options.Limits.Quota.DiskBytes };
        if (options.BlobBucket is not { } settings)
        {
            store = DiskBlobs.Open(options.BlobFolder ?? options.Home.Blobs, limits, time);
            return;
        }
        store = bucket = S3Store.Open(settings, limits, time);
        if (await bucket.CheckAsync(cancellationToken) is { Error: { } error }) throw error.ToException();
        probe = supervisor.Start("blobs-probe", ProbeAsync);
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (probe is not null) await probe.StopAsync(cancellationToken);
        bucket?.Dispose();
    }

    public PartHealth Health() =>
        store is null ? new PartHealth(false, "has not started")
        : bucket is null ? new PartHealth(true, $"sources and images are in {options.BlobFolder ?? "the data folder"}")
        : probe?.Health is { State: WorkState.Failing, LastError: var error } ? new PartHealth(false, error ?? "fails")
        : new PartHealth(true, $"sources and images are in {store.Description}, which responds");

    private async Task ProbeAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(AskEvery, time, cancellationToken))
        {
            if (await Store.CheckAsync(cancellationToken) is { Error: { } error }) work.Failed(error.ToException());
            else work.Succeeded();
        }
    }
}
