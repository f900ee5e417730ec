using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Client;
using Strata.Core;
using Strata.Server.Tests.Support;
using Strata.Storage.PrivateServer;

namespace Strata.Server.Tests.Faults;

/// <summary>Two servers, each with a data folder of its own, on one PostgreSQL.</summary>
public sealed class SecondServerTests : IAsyncLifetime
{
    private const string PublicUrl = "https://cloud.example.com";

    private readonly string folder = Directory.CreateTempSubdirectory("strata-two-").FullName;
    private readonly Cloud first = new();
    private readonly Cloud second = new();
    private PrivatePostgres postgres = null!;

    public async ValueTask InitializeAsync()
    {
        var options = new PrivatePostgresOptions { Folder = Path.Combine(folder, "postgres"), ConnectionsMax = 100 };
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        postgres = await PrivatePostgres.StartAsync(options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance, default);
    }

    public async ValueTask DisposeAsync()
    {
        await second.DisposeAsync();
        await first.DisposeAsync();
        await postgres.StopAsync(default);
        Folder.Delete(folder);
    }

    [Fact]
    public async Task SecondServer_NeedsTheKey_KeepsTheAdministratorsToken_AndHasANodeOfItsOwn()
    {
        (await UpAsync(first)).ShouldSucceed();
        var token = first.Token;

        var refused = await UpAsync(second);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("KEY_MISSING", refused.Error);
        await File.WriteAllTextAsync(KeyOf(second), Convert.ToBase64String(new byte[SealedSecrets.KeyBytes]));
        Assert.Contains("KEY_MISMATCH", (await UpAsync(second)).Error);

        File.Copy(KeyOf(first), KeyOf(second), overwrite: true);
        (await UpAsync(second)).ShouldSucceed();
        (await second.RunAsync("down")).ShouldSucceed();
        (await UpAsync(second)).ShouldSucceed(); // a second start does not replace the token either

        foreach (var cloud in new[] { first, second })
        {
            using var client = new StrataClient(cloud.ApiUrl, token);
            await client.Resources("projects").CreateAsync(new NewResource<JsonElement> { Name = $"at-{cloud.ApiPort}", Spec = JsonElement.Parse("{}") });
            using var issuer = await client.SendAsync(HttpMethod.Get, "/api/v1/status");
            Assert.StartsWith(PublicUrl, issuer!.RootElement.GetProperty("apiUrl").GetString());
        }
        await Wait.UntilAsync(async () => (await NodesUpAsync(token)).Count == 2, "both nodes are up, whatever their host is called");
    }

    private async Task<IReadOnlyList<string>> NodesUpAsync(string token)
    {
        using var client = new StrataClient(first.ApiUrl, token);
        using var nodes = await client.SendAsync(HttpMethod.Get, "/api/v1/nodes");
        return [.. nodes!.RootElement.GetProperty("items").EnumerateArray().Where(n => n.GetProperty("state").GetString() == "UP").Select(n => n.GetProperty("name").GetString()!)];
    }

    private Task<CommandResult> UpAsync(Cloud cloud) => cloud.UpAsync("--postgres-url", postgres.ConnectionString, "--public-url", PublicUrl);

    private static string KeyOf(Cloud cloud) => Path.Combine(cloud.Home, "cloud.key");
}
