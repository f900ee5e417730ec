using System.Text.Json;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>Sources and builds that fail: each with a sentence that a user understands, and nothing half done.</summary>
public sealed class BadSourceTests(SharedCloud cloud)
{
    [Fact]
    public async Task Deploy_AFolderThatDoesNotExist_SaysSo()
    {
        var result = await cloud.RunAsync("deploy", "/no/such/folder");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("There is no folder \"/no/such/folder\"", result.Error);
    }

    [Fact]
    public async Task Deploy_ARepositoryThatDoesNotExist_SaysSo()
    {
        var result = await cloud.RunAsync("deploy", "file:///no/such/repository.git", "--name", "no-repository");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("no/such/repository", result.Error);
        Assert.Contains("BUILD_FAILED", result.Error);
        await NothingIsLeftAsync("no-repository");
    }

    [Fact]
    public async Task Deploy_ABranchThatDoesNotExist_SaysSo()
    {
        using var app = AppFolder.Saying("x");
        await Git.CommitAsync(app.Path);
        var result = await cloud.RunAsync("deploy", $"file://{app.Path}", "--name", "no-branch", "--branch", "nonsense");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("nonsense", result.Error);
    }

    [Fact]
    public async Task Deploy_WhatNobodyRecognises_SaysWhatIsUnderstood()
    {
        using var app = new AppFolder(("notes.txt", "nothing to run"));
        var result = await cloud.RunAsync("deploy", app.Path, "--name", "unknown");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("index.html", result.Error + result.Output);
        await NothingIsLeftAsync("unknown");
    }

    [Fact]
    public async Task Build_ThatLoopsForEver_IsEndedAndSaysSo() =>
        Assert.Contains("3 s", await FailAsync("looping", "while true; do :; done", """{"timeoutSeconds":3}"""));

    [Fact]
    public async Task Build_ThatEatsMemory_IsEndedAndSaysSo() => Assert.Contains(
        "memory", await FailAsync("hungry", "node -e 'const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1))'", """{"memoryBytes":134217728,"timeoutSeconds":60}"""));

    [Fact]
    public async Task Build_ThatWritesGigabytes_IsEndedAndSaysSo() => Assert.Contains(
        "disk", await FailAsync("writing", "head -c 5000000000 /dev/zero > big", """{"diskBytes":67108864,"timeoutSeconds":60}"""), StringComparison.OrdinalIgnoreCase);

    [Fact]
    public async Task Build_ThatFails_ShowsTheEndOfItsLog_AndTheOldReleaseServesOn()
    {
        const string name = "half-good";
        using var good = AppFolder.Saying("still here");
        (await cloud.RunAsync("deploy", good.Path, "--name", name)).ShouldSucceed();
        good.Write("strata.yaml", "build:\n  command: echo the reason it fails; exit 3\n");
        var result = await cloud.RunAsync("deploy", good.Path, "--name", name);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("the reason it fails", result.Error);
        Assert.Equal("still here\n", await cloud.GetPageAsync(name));
        var deployment = (await cloud.RunAsync("get", "deployment", name, "--json")).ShouldSucceed().Json;
        Assert.Equal("FAILED", deployment.GetProperty("state").GetString());
        Assert.Contains("half-good-2 was not built", deployment.GetProperty("status").GetProperty("message").GetString());
    }

    private async Task NothingIsLeftAsync(string name)
    {
        foreach (var kind in new[] { "deployments", "routes", "releases" })
        {
            var items = (await cloud.RunAsync("get", kind, "--json")).ShouldSucceed().Json.EnumerateArray();
            Assert.DoesNotContain(items, i => i.GetProperty("name").GetString()!.StartsWith(name, StringComparison.Ordinal));
        }
    }

    /// <summary>Deploys with a build command and build limits that are given; the value is what the user is told.</summary>
    private async Task<string> FailAsync(string name, string build, string limits)
    {
        var body = $$"""{ "name": "{{name}}", "project": "default", "spec": { "build": {{limits}} } }""";
        using var made = await cloud.Client.SendAsync(HttpMethod.Post, "/api/v1/deployments", JsonText.FromString(body));
        using var app = AppFolder.Node("", $"build:\n  command: {JsonSerializer.Serialize(build)}\n");
        var result = await cloud.RunAsync("deploy", app.Path, "--name", name);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("BUILD_FAILED", result.Error);
        return result.Error[result.Error.IndexOf("Error: ", StringComparison.Ordinal)..];
    }
}
