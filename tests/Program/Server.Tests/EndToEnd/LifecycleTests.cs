using System.Globalization;
using System.Net;
using System.Text.Json;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>A deployment's life after its first deploy.</summary>
public sealed class LifecycleTests(SharedCloud cloud)
{
    [Fact]
    public async Task Redeploy_Rollback_Scale_Restart_UnderLoad_FailNoRequest()
    {
        const string name = "rolling";
        await DeployAsync(name, "one");
        await using var load = new Load(cloud, name);
        await DeployAsync(name, "two");
        Assert.Equal("two\n", await cloud.GetPageAsync(name));
        (await cloud.RunAsync("rollback", name)).ShouldSucceed();
        Assert.Equal("one\n", await cloud.GetPageAsync(name));
        (await cloud.RunAsync("rollback", name, "2")).ShouldSucceed();
        Assert.Equal("two\n", await cloud.GetPageAsync(name));
        (await cloud.RunAsync("scale", name, "--replicas", "3")).ShouldSucceed();
        Assert.Equal(3, await ReadyInstancesAsync(name));
        (await cloud.RunAsync("restart", name)).ShouldSucceed();
        (await cloud.RunAsync("scale", name, "1")).ShouldSucceed();
        Assert.Empty(await load.StopAsync());
        Assert.True(load.Answered > 50, $"only {load.Answered} requests");
    }

    [Fact]
    public async Task DeleteRelease_ThatTheDeploymentRuns_IsRefused()
    {
        const string name = "kept";
        await DeployAsync(name, "one");
        await DeployAsync(name, "two");
        var refused = await cloud.RunAsync("delete", "release", $"{name}-2", "--yes");
        Assert.Contains("RELEASE_IN_USE", refused.Error, StringComparison.Ordinal);
        (await cloud.RunAsync("delete", "release", $"{name}-1", "--yes")).ShouldSucceed();
        Assert.Equal("two\n", await cloud.GetPageAsync(name));
    }

    [Fact]
    public async Task ScaleToZero_TellsThatItIsStopped_AndBack()
    {
        const string name = "sleepy";
        await DeployAsync(name, "awake");
        (await cloud.RunAsync("scale", name, "0")).ShouldSucceed();
        using var http = cloud.Edge(name);
        await Wait.UntilAsync(
            async () => (await http.GetAsync("/")).StatusCode == HttpStatusCode.ServiceUnavailable, "the edge tells that nothing runs");
        Assert.Contains("scale", await (await http.GetAsync("/")).Content.ReadAsStringAsync());
        (await cloud.RunAsync("scale", name, "1")).ShouldSucceed();
        Assert.Equal("awake\n", await cloud.GetPageAsync(name));
    }

    [Fact]
    public async Task Logs_OfADeploymentAndOfABuild_AreShown()
    {
        const string name = "chatty";
        await DeployAsync(name, "hi");
        await cloud.GetPageAsync(name, "/a-path-to-find");
        await Wait.UntilAsync(
            async () => (await cloud.RunAsync("logs", name)).Output.Contains("/a-path-to-find"), "the line is in the log");
        var last = (await cloud.RunAsync("logs", name, "-n", "1")).ShouldSucceed().Output;
        Assert.Single(last.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("Detected", (await cloud.RunAsync("logs", $"release/{name}-1")).ShouldSucceed().Output);
    }

    [Fact]
    public async Task History_AndAt_TellWhatWas()
    {
        const string name = "remembered";
        await DeployAsync(name, "first");
        var then = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        await DeployAsync(name, "second");
        var before = (await cloud.RunAsync("get", $"deployment/{name}", "--at", then, "--json")).ShouldSucceed().Json;
        var now = (await cloud.RunAsync("get", "deployment", name, "--json")).ShouldSucceed().Json;
        Assert.NotEqual(
            before.GetProperty("status").GetProperty("release").GetString(), now.GetProperty("status").GetProperty("release").GetString());
        var history = (await cloud.RunAsync("history", $"deployment/{name}", "--json")).ShouldSucceed().Json.EnumerateArray().ToList();
        Assert.Equal(2, history.Count(r => r.TryGetProperty("transition", out var t) && t.GetString() == "promote"));
        Assert.Contains("promote", (await cloud.RunAsync("history", $"deployment/{name}")).ShouldSucceed().Output);
        Assert.True(history.Count < 40, $"{history.Count} revisions for two deploys");
    }

    [Fact]
    public async Task Delete_ADeployment_StopsItsInstances_AndKeepsItsHistory()
    {
        const string name = "short-lived";
        await DeployAsync(name, "bye");
        var id = (await cloud.RunAsync("get", $"deployment/{name}", "--json")).ShouldSucceed().Json.GetProperty("id").GetString()!;
        (await cloud.RunAsync("delete", $"deployment/{name}", "--yes")).ShouldSucceed();
        Assert.Equal(1, (await cloud.RunAsync("get", "deployment", name)).ExitCode);
        using var http = cloud.Edge(name);
        await Wait.UntilAsync(async () => (await http.GetAsync("/")).StatusCode == HttpStatusCode.NotFound, "the route is gone");
        Assert.Contains("deleted", (await cloud.RunAsync("history", id)).ShouldSucceed().Output);
    }

    [Fact]
    public async Task Deploy_AGitRepository_BuildsTheExactCommit()
    {
        using var app = AppFolder.Saying("from git");
        var commit = await Git.CommitAsync(app.Path);
        (await cloud.RunAsync("deploy", $"file://{app.Path}", "--name", "from-git", "--branch", "main")).ShouldSucceed();
        Assert.Equal("from git\n", await cloud.GetPageAsync("from-git"));
        var release = (await cloud.RunAsync("get", "release/from-git-1", "--json")).ShouldSucceed().Json;
        Assert.Equal(commit, release.GetProperty("status").GetProperty("commit").GetString());
    }

    private async Task DeployAsync(string name, string says)
    {
        using var app = AppFolder.Saying(says);
        (await cloud.RunAsync("deploy", app.Path, "--name", name)).ShouldSucceed();
    }

    private async Task<int> ReadyInstancesAsync(string name) =>
        (await cloud.RunAsync("get", "instances", "--state", "READY", "--json")).ShouldSucceed().Json.EnumerateArray()
            .Count(i => i.GetProperty("name").GetString()!.StartsWith(name + "-", StringComparison.Ordinal));
}
