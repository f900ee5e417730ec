using System.Diagnostics;
using System.Text.Json;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>A client that nobody wrote for Strata.</summary>
public sealed class StockClientTests() : IdentityContract(new MemoryStore())
{
    private static readonly string Script = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../tests/clients/javascript/oauth.js"));

    [Fact]
    public async Task OpenIdClient_GetsATokenAndUsesIt()
    {
        var (id, secret) = await CreateClientAsync();
        var start = new ProcessStartInfo("node", [Script, new Uri(Host.Address, "/api").ToString(), id, secret]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var node = Process.Start(start)!;
        var (output, error) = (node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(node.ExitCode == 0, await error);
        var told = JsonElement.Parse(await output);
        Assert.Equal((id, 3600, 200), (told.GetProperty("subject").GetString(), told.GetProperty("expiresIn").GetInt32(), told.GetProperty("status").GetInt32()));
        Assert.Equal("ROLE_M2M", told.GetProperty("scopes")[0].GetString());
    }
}
