using Microsoft.Extensions.Logging.Abstractions;
using Strata.Blobs;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Deployments.Images;
using Strata.Deployments.Retention;
using Strata.Deployments.Tests.Support;
using Strata.S3Blobs;

namespace Strata.Deployments.Tests.Blobs;

/// <summary>
/// A cloud whose sources and images are in a bucket: from the upload to the instance, during an outage, and until they are swept.
/// </summary>
public sealed class BucketTests : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private SwiftServer swift = null!;
    private IS3BlobStore blobs = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        swift = await SwiftServer.StartAsync();
        blobs = Open(TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        blobs.Dispose();
        await swift.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Deployment_OfACloudWithABucket_IsBuiltRunAndSwept()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true, blobs: blobs);
        await cloud.DeploymentAsync("app");
        using var source = new TempFolder().With("server.js", "//").With("package.json", """{"scripts":{"build":"true","start":"node server.js"}}""");
        await cloud.ReleaseAsync("app", "app-1", source.Archive());
        await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running, "it runs");
        var release = await cloud.UntilBuiltAsync("app-1");
        Assert.True(Digest.TryParse(release.Status.Image, out var image));
        var parts = (await new ImageStore(blobs).BlobsOfAsync(cloud.Caller.Tenant, image, Stop)).Value;
        Assert.Equal(3, parts.Count);

        await swift.DownAsync();
        await cloud.ReleaseAsync("app", "app-2", new SourceConfig { Archive = release.Spec.Source.Archive });
        var failed = await cloud.UntilBuiltAsync("app-2");
        Assert.Contains("does not respond", failed.Status.Message, StringComparison.Ordinal);
        await swift.UpAsync();
        await cloud.UntilAsync("app", x => x.Status.Release == release.Id, "the first release serves on");

        // A day later two servers sweep at once: the archive and a blob that nothing names go, and the image of the release that runs
        // stays.
        var orphan = (await blobs.PutAsync(cloud.Caller.Tenant, null, new MemoryStream([1, 2, 3]), Stop)).Value.Digest;
        await Task.WhenAll(SweepAsync(cloud), SweepAsync(cloud));
        foreach (var part in parts) Assert.True((await blobs.HeadAsync(cloud.Caller.Tenant, part, Stop)).IsOk);
        Assert.Equal("BLOB_NOT_FOUND", (await blobs.HeadAsync(cloud.Caller.Tenant, orphan, Stop)).Error?.Code);
        Assert.Equal(parts.Count, (await blobs.ListAsync(cloud.Caller.Tenant, null, 100, Stop)).Value.Items.Count);
    }

    private IS3BlobStore Open(TimeProvider time) => S3Store.Open(
        new S3Options
        {
            Bucket = SwiftServer.Bucket, Endpoint = swift.Address, AccessKey = SwiftServer.AccessKey, SecretKey = SwiftServer.SecretKey,
            SpoolFolder = folder["spool"],
        },
        new BlobLimits(), time);

    private async Task SweepAsync(TestCloud cloud)
    {
        var tomorrow = new Tomorrow();
        using var own = Open(tomorrow);
        await using var supervisor = new SupervisorOfTest();
        var sweeper = new BlobSweeper(
            own, new ImageStore(own), cloud.Stores, tomorrow, NullLogger<BlobSweeper>.Instance, supervisor.Supervisor);
        await sweeper.SweepAsync(cloud.Caller.Tenant, Stop);
    }

    private sealed class SupervisorOfTest : IAsyncDisposable
    {
        public Supervisor Supervisor { get; } = new(TimeProvider.System, NullLogger<Supervisor>.Instance);

        public async ValueTask DisposeAsync() => await Supervisor.StopAllAsync();
    }

    private sealed class Tomorrow : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromHours(25);
    }
}
