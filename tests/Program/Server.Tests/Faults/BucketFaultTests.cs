using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>
/// A cloud whose sources and images are in a bucket, by the program itself: start, deploy, an outage, and a bucket that cannot be used.
/// </summary>
[Trait("Duration", "Long")]
public sealed class BucketFaultTests
{
    private static readonly Dictionary<string, string> Secret = new() { ["STRATA_BLOBS_SECRET_KEY"] = SwiftServer.SecretKey };

    [Fact]
    public async Task Cloud_WithABucket_DeploysAndServes_AndSaysWhenTheBucketIsAway()
    {
        await using var swift = await SwiftServer.StartAsync();
        await using var cloud = new Cloud();
        (await UpAsync(cloud, swift, "s3://blobs/e2e")).ShouldSucceed();
        using var site = new AppFolder(("index.html", "<h1>from a bucket</h1>"));
        using var app = AppFolder.Saying("hello");
        (await cloud.RunAsync("deploy", site.Path, "--name", "site")).ShouldSucceed();
        (await cloud.RunAsync("deploy", app.Path, "--name", "app")).ShouldSucceed();
        Assert.Contains("from a bucket", await cloud.GetPageAsync("site"), StringComparison.Ordinal);
        Assert.Equal("hello\n", await cloud.GetPageAsync("app"));
        Assert.Empty(Directory.GetFiles(Path.Combine(cloud.Home, "blobs"), "*", SearchOption.AllDirectories));
        var doctor = await cloud.RunAsync("doctor");
        Assert.Contains("s3://blobs/e2e", doctor.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(SwiftServer.SecretKey, doctor.Output + cloud.LogEnd(), StringComparison.Ordinal);

        await swift.DownAsync();
        await Wait.UntilAsync(
            async () => await cloud.RunAsync("status") is { ExitCode: 1 } status
                && status.Output.Contains("BLOBS_UNAVAILABLE"), "status says so");
        site.Write("index.html", "<h1>second</h1>");
        Assert.Contains("BLOBS_UNAVAILABLE", (await cloud.RunAsync("deploy", site.Path, "--name", "site")).Error, StringComparison.Ordinal);
        Assert.Contains("from a bucket", await cloud.GetPageAsync("site"), StringComparison.Ordinal);
        Assert.Equal("hello\n", await cloud.GetPageAsync("app"));

        await swift.UpAsync();
        await Wait.UntilAsync(async () => (await cloud.RunAsync("status")).ExitCode == 0, "it is well again");
        (await cloud.RunAsync("deploy", site.Path, "--name", "site")).ShouldSucceed();
        Assert.Contains("second", await cloud.GetPageAsync("site"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_WithABucketThatCannotBeUsed_StopsWithTheReason()
    {
        await using var swift = await SwiftServer.StartAsync();
        await using var cloud = new Cloud();
        var missing = await UpAsync(cloud, swift, "s3://no-such-bucket");
        Assert.NotEqual(0, missing.ExitCode);
        Assert.Contains("There is no bucket for s3://no-such-bucket", missing.Error, StringComparison.Ordinal);
        var refused = await cloud.RunAsync(
            new Dictionary<string, string> { ["STRATA_BLOBS_SECRET_KEY"] = "hunter2" }, Flags(cloud, swift, "s3://blobs"));
        Assert.Contains("refuses this server's access key", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Error + refused.Output + cloud.LogEnd(), StringComparison.Ordinal);
        var doctor = await cloud.RunAsync(Secret, ["doctor", .. BucketFlags(swift, "s3://no-such-bucket")]);
        Assert.Contains("There is no bucket", doctor.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(SwiftServer.SecretKey + "\n", doctor.Output, StringComparison.Ordinal);
    }

    private static Task<CommandResult> UpAsync(Cloud cloud, SwiftServer swift, string bucket) =>
        cloud.RunAsync(Secret, Flags(cloud, swift, bucket));

    private static string[] Flags(Cloud cloud, SwiftServer swift, string bucket) =>
        ["up", "-d", "--no-restart", "--api-port", $"{cloud.ApiPort}", "--http-port", $"{cloud.HttpPort}", .. BucketFlags(swift, bucket)];

    private static string[] BucketFlags(SwiftServer swift, string bucket) =>
        ["--blobs", bucket, "--blobs-endpoint", swift.Address.ToString(), "--blobs-access-key", SwiftServer.AccessKey];
}
