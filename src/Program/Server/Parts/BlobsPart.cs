using Strata.Blobs;
using Strata.Blobs.Disk;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.S3Blobs;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>
/// The storage of sources and images: the data folder, a folder that servers share, or a bucket. A bucket or shared folder that cannot be
/// used stops the start; one that fails later makes this part unhealthy, and uploads, builds and starts of new releases fail with
/// BLOBS_UNAVAILABLE, while what runs is not affected.
/// </summary>
internal sealed class BlobsPart(ServerOptions options, Supervisor supervisor, TimeProvider time) : IPart
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(15);

    /// <summary>Set once a server of this cloud has marked the shared folder.</summary>
    private const string FolderMark = "cloud/blob-folder";

    private IS3BlobStore? bucket;
    private SupervisedWork? probe;
    private IBlobStore? store;

    public string Name => "blobs";

    /// <summary>Set once it has started.</summary>
    public IBlobStore Store => store ?? throw new InvalidOperationException("The blobs have not started.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.BlobFolder is { } folder)
        {
            DiskBlobs.Prepare(folder); // opened once it is known to be this cloud's
            return;
        }
        if (options.BlobBucket is not { } settings)
        {
            store = DiskBlobs.Open(options.Home.Blobs, Limits, time);
            return;
        }
        store = bucket = S3Store.Open(settings, Limits, time);
        if (await bucket.CheckAsync(cancellationToken) is { Error: { } error }) throw error.ToException();
        probe = supervisor.Start("blobs-probe", (work, stop) => ProbeAsync(bucket.CheckAsync, work, stop));
    }

    /// <summary>
    /// Opens a shared folder if it belongs to this cloud, and keeps checking it. Call under the lease of the first start.
    /// </summary>
    /// <param name="secrets">Under the key that all servers of the cloud share: the folder's id follows from it.</param>
    /// <exception cref="StrataException">BLOBS_MISSING, BLOBS_OF_ANOTHER_CLOUD or BLOBS_FOLDER_UNUSABLE.</exception>
    public async Task ClaimFolderAsync(SealedSecrets secrets, IDurableValues durable, CancellationToken cancellationToken)
    {
        if (options.BlobFolder is not { } folder) return;
        var cloudId = Convert.ToHexStringLower(secrets.DeriveKey("blob folder 1").AsSpan(0, 16));
        var isMarked = await durable.ReadAsync(TenantId.Platform, FolderMark, cancellationToken) is not null;
        if (CloudFolder.Claim(folder, cloudId, isMarked) is { Error: { } error }) throw error.ToException();
        if (!isMarked)
            await durable.WriteAsync(TenantId.Platform, FolderMark, JsonText.From(cloudId, WireJson.Of<string>()), cancellationToken);
        store = DiskBlobs.Open(folder, Limits, time, isMounted: () => CloudFolder.Check(folder, cloudId).IsOk);
        probe = supervisor.Start("blobs-probe", (work, stop) => ProbeFolderAsync(folder, cloudId, work, stop));
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (probe is not null) await probe.StopAsync(cancellationToken);
        bucket?.Dispose();
    }

    public PartHealth Health() =>
        store is null ? new PartHealth(false, "has not started")
        : probe?.Health is { State: WorkState.Failing, LastError: var error } ? new PartHealth(false, error ?? "fails")
        : bucket is null ? new PartHealth(true, $"sources and images are in {options.BlobFolder ?? "the data folder"}")
        : new PartHealth(true, $"sources and images are in {store.Description}, which responds");

    private BlobLimits Limits => new() { ReserveBytes = options.Limits.DiskReserveBytes, QuotaBytes = options.Limits.Quota.DiskBytes };

    /// <summary>
    /// A hard mount blocks while its server is away: then the check that hangs is waited for, no further one begins, and nothing else
    /// waits.
    /// </summary>
    private Task ProbeFolderAsync(string folder, string cloudId, SupervisedWork work, CancellationToken cancellationToken)
    {
        Task<Result<Done>>? last = null;
        return ProbeAsync(async stop =>
        {
            if (last is not { IsCompleted: false }) last = Task.Run(() => CloudFolder.Check(folder, cloudId), CancellationToken.None);
            try
            {
                return await last.WaitAsync(AskEvery, time, stop);
            }
            catch (TimeoutException)
            {
                return BlobErrors.FolderUnusable(folder, $"it did not respond within {AskEvery.TotalSeconds:0} s");
            }
        }, work, cancellationToken);
    }

    private async Task ProbeAsync(
        Func<CancellationToken, Task<Result<Done>>> check, SupervisedWork work, CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(AskEvery, time, cancellationToken))
        {
            if (await check(cancellationToken) is { Error: { } error }) work.Failed(error.ToException());
            else work.Succeeded();
        }
    }
}
