using System.Text.Json;
using Strata.Client;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>Two servers, each with a data folder of its own, on one PostgreSQL.</summary>
public sealed class SecondServerTests : IAsyncLifetime
{
    private CloudPair pair = null!;

    private Cloud First => pair.First;
    private Cloud Second => pair.Second;

    public async ValueTask InitializeAsync() => pair = await CloudPair.StartAsync();

    public ValueTask DisposeAsync() => pair.DisposeAsync();

    [Fact]
    public async Task SecondServer_NeedsTheKey_KeepsTheAdministratorsToken_AndHasANodeOfItsOwn()
    {
        (await pair.UpAsync(First)).ShouldSucceed();
        var token = First.Token;

        var refused = await pair.UpAsync(Second);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("KEY_MISSING", refused.Error);
        await File.WriteAllTextAsync(CloudPair.KeyOf(Second), Convert.ToBase64String(new byte[SealedSecrets.KeyBytes]));
        Assert.Contains("KEY_MISMATCH", (await pair.UpAsync(Second)).Error);

        File.Copy(CloudPair.KeyOf(First), CloudPair.KeyOf(Second), overwrite: true);
        (await pair.UpAsync(Second)).ShouldSucceed();
        (await Second.RunAsync("down")).ShouldSucceed();
        var elsewhere = await Second.UpAsync(["--reset-settings"]); // with a database of its own, in which there is nothing
        Assert.NotEqual(0, elsewhere.ExitCode);
        Assert.Contains("CLOUD_MISSING", elsewhere.Error);
        (await pair.UpAsync(Second)).ShouldSucceed(); // a second start does not replace the token either

        foreach (var cloud in new[] { First, Second })
        {
            using var client = new StrataClient(cloud.ApiUrl, token);
            await client.Resources("projects").CreateAsync(
                new NewResource<JsonElement> { Name = $"at-{cloud.ApiPort}", Spec = JsonElement.Parse("{}") });
            using var issuer = await client.SendAsync(HttpMethod.Get, "/api/v1/status");
            Assert.StartsWith(CloudPair.PublicUrl, issuer!.RootElement.GetProperty("apiUrl").GetString());
        }
        await Wait.UntilAsync(async () => (await NodesUpAsync(token)).Count == 2, "both nodes are up, whatever their host is called");
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task CopiedDataFolder_IsRefused_WhileItsOriginalRuns()
    {
        (await pair.UpAsync(First)).ShouldSucceed();
        Assert.Equal(0, (await ProcessRun.RunAsync(new("cp", ["-a", First.Home + "/.", Second.Home]), null, 1000, default)).ExitCode);

        var refused = await pair.UpAsync(Second);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("SERVER_ID_IN_USE", refused.Error);
        Assert.Contains("delete server.id, node and run", refused.Error);
        using var client = new StrataClient(First.ApiUrl, First.Token);
        using (var status = await client.SendAsync(HttpMethod.Get, "/api/v1/status"))
            Assert.DoesNotContain("SERVER_ID_IN_USE", status!.RootElement.GetRawText(), StringComparison.Ordinal);

        File.Delete(Path.Combine(Second.Home, "server.id"));
        foreach (var name in (string[])["node", "run"]) Folder.Delete(Path.Combine(Second.Home, name));
        (await pair.UpAsync(Second)).ShouldSucceed();
        await Wait.UntilAsync(async () =>
        {
            using var servers = await client.SendAsync(HttpMethod.Get, "/api/v1/servers");
            return servers!.RootElement.GetProperty("items").EnumerateArray().Count(s => s.GetProperty("state").GetString() == "UP") == 2;
        }, "both servers are up");
    }

    private async Task<IReadOnlyList<string>> NodesUpAsync(string token)
    {
        using var client = new StrataClient(First.ApiUrl, token);
        using var nodes = await client.SendAsync(HttpMethod.Get, "/api/v1/nodes");
        return [.. nodes!.RootElement.GetProperty("items").EnumerateArray().Where(n => n.GetProperty("state").GetString() == "UP")
            .Select(n => n.GetProperty("name").GetString()!)];
    }
}
