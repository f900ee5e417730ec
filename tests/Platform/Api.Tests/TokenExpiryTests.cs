using Strata.Api.Auth.Tokens;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests;

public sealed class TokenExpiryTests
{
    [Fact]
    public async Task Reconcile_DeletesWhatExpiredLongAgo_AndNothingElse()
    {
        await using var host = await ApiHost.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        await host.TokenAsync(host.Org, "long-ago", ["viewer"], expiresAt: now - TokenExpiryController.KeptFor - TimeSpan.FromMinutes(1));
        await host.TokenAsync(host.Org, "lately", ["viewer"], expiresAt: now - TokenExpiryController.KeptFor + TimeSpan.FromHours(1));
        await host.TokenAsync(host.Org, "later", ["viewer"], expiresAt: now + TimeSpan.FromHours(1));
        await host.TokenAsync(TenantId.Platform, "part", ["edge"]);
        var controller = new TokenExpiryController(host.Tokens, TimeProvider.System);
        for (var round = 0; round < 2; round++)
        {
            foreach (var token in await AllAsync(host)) await controller.ReconcileAsync(token, TestContext.Current.CancellationToken);
        }
        Assert.Equal(["admin", "lately", "later", "part"], (await AllAsync(host)).Select(t => t.Name).Order());
    }

    [Fact]
    public async Task Reconcile_OfATokenThatWasRenewedMeanwhile_LeavesIt()
    {
        await using var host = await ApiHost.StartAsync();
        var expired = TimeProvider.System.GetUtcNow() - TokenExpiryController.KeptFor - TimeSpan.FromMinutes(1);
        await host.TokenAsync(host.Org, "instance", ["viewer"], expiresAt: expired);
        var seen = (await AllAsync(host)).Single(t => t.Name == "instance");
        await host.Issuer.ExtendAsync(new Caller(host.Org, "test"), "instance", TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1),
            TestContext.Current.CancellationToken);
        await new TokenExpiryController(host.Tokens, TimeProvider.System).ReconcileAsync(seen, TestContext.Current.CancellationToken);
        Assert.Contains("instance", (await AllAsync(host)).Select(t => t.Name));
    }

    private static async Task<List<Resource<TokenSpec, TokenStatus>>> AllAsync(ApiHost host)
    {
        var all = new List<Resource<TokenSpec, TokenStatus>>();
        await foreach (var token in host.Tokens.AllAsync(null, null, TestContext.Current.CancellationToken)) all.Add(token);
        return all;
    }
}
