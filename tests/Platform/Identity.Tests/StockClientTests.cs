using System.Text.Json;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>A client that nobody wrote for Strata.</summary>
public sealed class StockClientTests() : IdentityContract(new MemoryStore())
{
    [Fact]
    public async Task OpenIdClient_GetsATokenAndUsesIt()
    {
        var (id, secret) = await CreateClientAsync();
        var told = JsonElement.Parse(
            await Script.NodeAsync("tests/clients/javascript/oauth.js", new Uri(Host.Address, "/api").ToString(), id, secret));
        Assert.Equal(
            (id, 3600, 200),
            (told.GetProperty("subject").GetString(), told.GetProperty("expiresIn").GetInt32(), told.GetProperty("status").GetInt32()));
        Assert.Equal("ROLE_M2M", told.GetProperty("scopes")[0].GetString());
    }
}
