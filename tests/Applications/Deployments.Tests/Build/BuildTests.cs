using Strata.Contracts;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Build;

/// <summary>Builds with steps, in the machine's own sandbox.</summary>
public sealed class BuildTests
{
    private static readonly BuildConfig Small = new() { TimeoutSeconds = 60, MemoryBytes = 256L << 20, DiskBytes = 128L << 20 };

    private static async Task<(ReleaseResource Release, string Log, DeploymentResource Deployment)> BuildAsync(
        BuildConfig build, params (string Name, string Content)[] files)
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        using var folder = new TempFolder();
        foreach (var (name, content) in files) folder.With(name, content);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = build });
        await cloud.ReleaseAsync("app", "app-1", folder.Archive());
        var release = await cloud.UntilBuiltAsync("app-1");
        return (release, await cloud.LogAsync(release),
            await cloud.UntilAsync("app", x => x.State != DeploymentStates.Pending, "the deployment is told"));
    }

    private static (string, string) Package(string build) =>
        ("package.json", "{\"scripts\":{\"build\":\"" + build + "\",\"start\":\"node server.js\"}}");

    [Fact]
    public async Task Build_NodeWithBuildScript_RunsItAndPacksTheResult()
    {
        var (release, log, _) = await BuildAsync(
            Small, Package("node build.js"), ("build.js", "require('fs').writeFileSync('made.txt', 'x'); console.log('made it')"),
            ("server.js", "//"));
        Assert.True(release.State == ReleaseStates.Ready, release.Status.Message + log);
        Assert.Equal(["/bin/sh", "-c", "exec node server.js"], release.Status.Command);
        Assert.Contains("made it", log, StringComparison.Ordinal);
        Assert.Contains("Packed 4 files", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_StepFails_TellsTheCommandAndTheEndOfTheLog()
    {
        var (release, _, deployment) = await BuildAsync(
            Small, Package("node build.js"), ("build.js", "console.error('no such thing'); process.exit(7)"), ("server.js", "//"));
        Assert.Equal(ReleaseStates.Failed, release.State);
        Assert.Contains("\"npm run build\" failed: it failed with exit code 7.", release.Status.Message, StringComparison.Ordinal);
        Assert.Contains("no such thing", release.Status.LogTail);
        Assert.InRange(release.Status.LogTail.Count, 1, 20);
        Assert.Equal(DeploymentStates.Failed, deployment.State);
    }

    [Fact]
    public async Task Build_OnADiskThatIsNearlyFull_FailsAndSaysSo()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true, diskReserveBytes: long.MaxValue);
        using var folder = new TempFolder();
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = Small });
        await cloud.ReleaseAsync("app", "app-1", folder.With("index.html", "x").Archive());
        var release = await cloud.UntilBuiltAsync("app-1");
        Assert.Equal(ReleaseStates.Failed, release.State);
        Assert.Matches("^INSUFFICIENT_STORAGE: The disk of .* are reserved for the platform[.] Free some space", release.Status.Message);
        Assert.Equal(0, release.Status.Interruptions);
    }

    [Theory]
    [InlineData(3, "name: app")]
    [InlineData(60, "build: { timeoutSeconds: 3 }")]
    public async Task Build_LoopsForEver_IsStoppedInTime(int seconds, string strataYaml)
    {
        var (release, _, _) = await BuildAsync(
            Small with { TimeoutSeconds = seconds, Command = "while true; do sleep 1; done" },
            ("server.js", "//"), ("package.json", """{"main":"server.js"}"""), ("strata.yaml", strataYaml));
        Assert.Contains("did not finish within 3 s", release.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_EatsMemory_IsStopped()
    {
        var (release, log, _) = await BuildAsync(
            Small with { MemoryBytes = 128L << 20, Command = "exec python3 -c \"x=bytearray(1<<30); print(len(x))\"" },
            ("index.html", "x"));
        Assert.True(release.State == ReleaseStates.Failed, log);
        Assert.Contains("memory", release.Status.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Build_WritesGigabytes_IsStopped()
    {
        var (release, log, _) = await BuildAsync(
            Small with { DiskBytes = 32L << 20, Command = "head -c 300000000 /dev/zero > big" }, ("index.html", "x"));
        Assert.True(release.State == ReleaseStates.Failed, log);
        Assert.Contains("disk", release.Status.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Build_ResultIsALinkThatLeaves_PacksNothingFromOutside()
    {
        var (release, _, _) = await BuildAsync(Small with { Command = "ln -s /etc out", Output = "out" }, ("index.html", "x"));
        Assert.Equal(ReleaseStates.Failed, release.State);
        Assert.Contains("The build produced no folder out.", release.Status.Message, StringComparison.Ordinal);
    }
}
