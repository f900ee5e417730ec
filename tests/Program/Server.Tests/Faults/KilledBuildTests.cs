using System.Text.Json;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>
/// kill -9 of the server in the middle of a build, and after it: the deployment comes to its new release by itself, and nothing of the
/// build is left on the machine.
/// </summary>
public sealed class KilledBuildTests
{
    private static int sleeps;

    /// <summary>A duration that no other process on the machine sleeps.</summary>
    private static string UniqueSleep() => $"sleep 4.{Environment.ProcessId:D8}{Interlocked.Increment(ref sleeps)}";

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Kill_InTheMiddleOfABuild_BuildsAgainAndLeavesNothing()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        using var app = AppFolder.Saying("first");
        (await cloud.RunAsync("deploy", app.Path, "--name", "cut")).ShouldSucceed();
        var sleep = UniqueSleep();
        app.Write(
            "server.js", (await File.ReadAllTextAsync(Path.Combine(app.Path, "server.js")))
                .Replace("first", "second", StringComparison.Ordinal));
        app.Write("strata.yaml", $"build:\n  command: {sleep}\n");
        var deploying = cloud.RunAsync("deploy", app.Path, "--name", "cut");
        await Wait.UntilAsync(() => BuildLeftovers.Processes(sleep).Any(), "the build's command runs", 120);
        await cloud.KillAsync();
        await deploying;
        Assert.NotEmpty(await BuildLeftovers.FindAsync(cloud, sleep)); // there is something to clean up

        (await cloud.UpAsync()).ShouldSucceed();
        await ConvergesAsync(cloud, "cut", "second\n", 2);
        await BuildLeftovers.GoneAsync(cloud, sleep);
    }

    [Fact, Trait("Duration", "Long")]
    public async Task Kill_BetweenBuildAndRollout_RollsOutTheBuiltRelease()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        using var app = AppFolder.Saying("first");
        (await cloud.RunAsync("deploy", app.Path, "--name", "late")).ShouldSucceed();
        app.Write(
            "server.js", (await File.ReadAllTextAsync(Path.Combine(app.Path, "server.js")))
                .Replace("first", "second", StringComparison.Ordinal));
        var sleep = UniqueSleep();
        app.Write("strata.yaml", $"build:\n  command: {sleep}\n");
        var deploying = cloud.RunAsync("deploy", app.Path, "--name", "late");
        await Wait.UntilAsync(async () => await ReleaseStateAsync(cloud, "late-2") == "READY", "the release is built", 120);
        await cloud.KillAsync();
        await deploying;

        (await cloud.UpAsync()).ShouldSucceed();
        await ConvergesAsync(cloud, "late", "second\n", 2);
        await BuildLeftovers.GoneAsync(cloud, sleep);
    }

    private static async Task<string?> ReleaseStateAsync(Cloud cloud, string name) =>
        (await cloud.Client.Resources("releases").FindAsync(name))?.State;

    /// <summary>The deployment runs the release of this number, which serves this page, and all of its releases have ended.</summary>
    private static async Task ConvergesAsync(Cloud cloud, string name, string page, int number)
    {
        await Wait.UntilAsync(async () => (await DeploymentAsync(cloud, name)).GetProperty("state").GetString() is "RUNNING" or "FAILED",
            $"{name} has settled", 180);
        var deployment = await DeploymentAsync(cloud, name);
        Assert.True(deployment.GetProperty("state").GetString() != "FAILED", deployment.ToString());
        using var http = cloud.Edge(name);
        await Wait.UntilAsync(async () => await http.GetStringAsync("/") == page, $"{name} serves its new release", 120);
        Assert.Equal("READY", await ReleaseStateAsync(cloud, $"{name}-{number}"));
    }

    private static async Task<JsonElement> DeploymentAsync(Cloud cloud, string name) =>
        (await cloud.RunAsync("get", "deployment", name, "--json")).ShouldSucceed().Json;
}
