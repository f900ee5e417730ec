using System.Text;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>Variables and secrets of a running application, as its developer changes them.</summary>
public sealed class VariablesTests(SharedCloud cloud)
{
    private const string First = "canary-first-6fd1b2", Second = "canary-second-90ac4e";

    private const string Script = """
        const server = require('node:http').createServer((request, response) => {
          if (request.url === '/die') process.exit(3);
          response.end(process.env[request.url.slice(1)] ?? 'none');
        });
        server.listen(process.env.PORT, process.env.HOST);
        """;

    [Fact]
    public async Task Variables_AreSetUnsetAndRolledBack_WithoutABuild()
    {
        const string name = "tuned";
        using var app = AppFolder.Node(Script, "env: { LEVEL: info }");
        (await cloud.RunAsync("deploy", app.Path, "--name", name)).ShouldSucceed();
        var set = (await cloud.RunAsync("env", "set", name, "LEVEL=debug", "API_TOKEN=x")).ShouldSucceed();
        Assert.Contains($"serves {name}-2", set.Error, StringComparison.Ordinal);
        Assert.Contains("API_TOKEN looks like a secret", set.Error, StringComparison.Ordinal);
        Assert.Equal("debug", await cloud.GetPageAsync(name, "/LEVEL"));
        (await cloud.RunAsync("rollback", name)).ShouldSucceed();
        Assert.Equal("info", await cloud.GetPageAsync(name, "/LEVEL"));
        // The deployment has them as they were, so that the next change does not bring back what was rolled away from.
        (await cloud.RunAsync("env", "set", name, "SIZE=small")).ShouldSucceed();
        Assert.Equal(("info", "none"), (await cloud.GetPageAsync(name, "/LEVEL"), await cloud.GetPageAsync(name, "/API_TOKEN")));
        (await cloud.RunAsync("env", "set", name, "LEVEL=debug", "--no-release")).ShouldSucceed();
        Assert.Equal("info", await cloud.GetPageAsync(name, "/LEVEL"));
        (await cloud.RunAsync("env", "apply", name)).ShouldSucceed();
        Assert.Equal("debug", await cloud.GetPageAsync(name, "/LEVEL"));
        Assert.Contains("Nothing changes", (await cloud.RunAsync("env", "set", name, "LEVEL=debug")).ShouldSucceed().Error,
            StringComparison.Ordinal);
        var missing = await cloud.RunAsync("env", "set", name, "--secret", "PASSWORD=no-such-secret");
        Assert.Contains("The change of the variables is kept", missing.Error, StringComparison.Ordinal);
        (await cloud.RunAsync("env", "unset", name, "PASSWORD")).ShouldSucceed();
        var file = Path.Combine(app.Path, "more.env");
        await File.WriteAllTextAsync(file, "# of this stage\nCOLOR='dark blue'\n");
        (await cloud.RunAsync("env", "import", name, file)).ShouldSucceed();
        (await cloud.RunAsync("env", "unset", name, "LEVEL")).ShouldSucceed();
        Assert.Equal(("info", "dark blue"), (await cloud.GetPageAsync(name, "/LEVEL"), await cloud.GetPageAsync(name, "/COLOR")));
        Assert.Contains("NO_SUCH_VARIABLE", (await cloud.RunAsync("env", "unset", name, "LEVEL")).Error, StringComparison.Ordinal);
        var list = (await cloud.RunAsync("env", "list", name)).ShouldSucceed().Output.Split('\n').Select(line => line.Split(' ')[0]);
        Assert.Equal(["NAME", "COLOR", "LEVEL", "SIZE"], list.Where(word => word.Length > 0));
    }

    [Fact]
    public async Task Secret_IsInTheInstance_AndNowhereElse()
    {
        const string name = "sealed";
        using var app = AppFolder.Node(Script, "env: { URL: \"db://${secret.sealed-password}@host\" }");
        var refused = await cloud.RunAsync("deploy", app.Path, "--name", name);
        Assert.Contains("secrets set -p default sealed-password", refused.Error, StringComparison.Ordinal);
        await SetAsync(First);
        (await cloud.RunAsync("deploy", app.Path, "--name", name)).ShouldSucceed();
        Assert.Equal($"db://{First}@host", await cloud.GetPageAsync(name, "/URL"));

        var changed = await SetAsync(Second);
        Assert.Contains($"strata restart {name}", changed.Error, StringComparison.Ordinal);
        Assert.Equal($"db://{First}@host", await cloud.GetPageAsync(name, "/URL"));
        (await cloud.RunAsync("restart", name)).ShouldSucceed();
        Assert.Equal($"db://{Second}@host", await cloud.GetPageAsync(name, "/URL"));
        var kept = await cloud.RunAsync("secrets", "remove", "sealed-password", "-y");
        Assert.Contains("SECRET_IN_USE", kept.Error, StringComparison.Ordinal);
        (await cloud.RunAsync("secrets", "destroy", "sealed-password", "1", "-y")).ShouldSucceed();
        kept = await cloud.RunAsync("secrets", "destroy", "sealed-password", "2", "-y");
        Assert.Contains("SECRET_IN_USE", kept.Error, StringComparison.Ordinal);

        foreach (var kind in new[] { "deployments", "releases", "instances" })
        {
            var shown = (await cloud.RunAsync("get", kind, "-o", "json")).ShouldSucceed().Output;
            Assert.DoesNotContain("canary-", shown, StringComparison.Ordinal);
        }
        Assert.Empty(await FilesWithAsync(Second));
    }

    [Fact]
    public async Task Secret_ThatIsGone_KeepsAnInstanceWaitingUntilItIsBack()
    {
        const string name = "waiting";
        await SetAsync("one", "waiting-password");
        using var app = AppFolder.Node(Script);
        (await cloud.RunAsync("deploy", app.Path, "--name", name)).ShouldSucceed();
        (await cloud.RunAsync("env", "set", name, "--secret", "PASSWORD=waiting-password")).ShouldSucceed();
        Assert.Equal("one", await cloud.GetPageAsync(name, "/PASSWORD"));
        (await cloud.RunAsync("delete", "secret/waiting-password", "--force", "-y")).ShouldSucceed();
        using var http = cloud.Edge(name);
        await Assert.ThrowsAsync<HttpRequestException>(async () => (await http.GetAsync("/die")).EnsureSuccessStatusCode());
        await Wait.UntilAsync(async () => (await cloud.RunAsync("get", "instances", "-o", "json")).Output
            .Contains("SECRET_NOT_AVAILABLE: The variable PASSWORD cannot be set", StringComparison.Ordinal), "it says what it waits for");
        await SetAsync("two", "waiting-password");
        await Wait.UntilAsync(
            async () => await (await http.GetAsync("/PASSWORD")).Content.ReadAsStringAsync() == "two", "it runs with the new value");
    }

    private async Task<CommandResult> SetAsync(string value, string secret = "sealed-password")
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, value);
            return (await cloud.RunAsync("secrets", "set", secret, "--from-file", file)).ShouldSucceed();
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>What links lead to is not in the data folder.</summary>
    private async Task<IEnumerable<string>> FilesWithAsync(string text)
    {
        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(cloud.Home, "*", new EnumerationOptions
        {
            RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true,
        }))
        {
            try
            {
                if (new FileInfo(file).Length is 0 or > 256 << 20) continue; // a pipe; the disk of an instance
                if ((await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0) found.Add(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // gone meanwhile, or a socket
            }
        }
        return found;
    }
}
