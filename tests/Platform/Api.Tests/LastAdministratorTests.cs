using Strata.Api.Tests.Hosting;
using Strata.Core;

namespace Strata.Api.Tests;

/// <summary>Nobody locks an organization, or the cloud, by removing the last token that administers it.</summary>
public sealed class LastAdministratorTests : IAsyncLifetime
{
    private const int Rounds = 30;

    private ApiHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        http = host.Client();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Delete_OfTheLastAdministratorsToken_IsRefused_UntilThereIsAnother()
    {
        using var admin = host.Client(await host.TokenAsync(host.OtherOrg, "only", ["admin"]));
        await host.TokenAsync(host.OtherOrg, "dev", ["developer"]);
        await host.TokenAsync(host.OtherOrg, "of-a-project", ["admin"], project: "web");
        await host.TokenAsync(host.OtherOrg, "expired", ["admin"], expiresAt: TimeProvider.System.GetUtcNow().AddMinutes(-1));
        var refused = await admin.SendJsonAsync("DELETE", "/api/v1/tokens/only");
        Assert.Equal((409, "LAST_ADMINISTRATOR"), (refused.Status, refused.Text("code")));
        Assert.Contains("strata token create", refused.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(200, (await admin.SendJsonAsync("DELETE", "/api/v1/tokens/dev")).Status);
        Assert.Equal(200, (await admin.SendJsonAsync("DELETE", "/api/v1/tokens/expired")).Status);
        using var second = host.Client(await host.TokenAsync(host.OtherOrg, "second", ["admin"]));
        Assert.Equal(200, (await second.SendJsonAsync("DELETE", "/api/v1/tokens/only")).Status);
        Assert.Equal(409, (await second.SendJsonAsync("DELETE", "/api/v1/tokens/second")).Status);
    }

    [Fact]
    public async Task Delete_ByAnOperatorOfAnotherOrganization_IsAllowed_BecauseTheyCanIssueAnother()
    {
        await host.TokenAsync(host.OtherOrg, "leaked", ["admin"]);
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/tokens/leaked?org=other")).Status);
    }

    [Fact]
    public async Task Delete_OfTheLastOperatorsToken_IsRefused_UntilTheCloudHasAnother()
    {
        await host.TokenAsync(host.Org, "plain", ["admin"]);
        var refused = await http.SendJsonAsync("DELETE", "/api/v1/tokens/admin");
        Assert.Equal((409, "LAST_OPERATOR"), (refused.Status, refused.Text("code")));
        await host.TokenAsync(host.OtherOrg, "elsewhere", ["admin", "operator"]); // two in two organizations could be removed at once
        Assert.Equal("LAST_OPERATOR", (await http.SendJsonAsync("DELETE", "/api/v1/tokens/admin")).Text("code"));
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/tokens/elsewhere?org=other")).Status);
        using var second = host.Client(await host.TokenAsync(host.Org, "second", ["admin", "operator"]));
        Assert.Equal("TOKEN_IN_USE", (await http.SendJsonAsync("DELETE", "/api/v1/tokens/admin")).Text("code"));
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/tokens/admin?force=true")).Status);
        Assert.Equal(409, (await second.SendJsonAsync("DELETE", "/api/v1/tokens/second")).Status);
    }

    [Fact]
    public async Task Delete_OfTheTokenInUse_IsRefusedUnlessForced()
    {
        using var own = host.Client(await host.TokenAsync(host.Org, "own", ["admin"]));
        var refused = await own.SendJsonAsync("DELETE", "/api/v1/tokens/own");
        Assert.Equal((409, "TOKEN_IN_USE"), (refused.Status, refused.Text("code")));
        Assert.Contains("strata token revoke own --force", refused.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(200, (await own.SendJsonAsync("DELETE", "/api/v1/tokens/own?force=true")).Status);
        Assert.Equal(401, (await own.SendJsonAsync("GET", "/api/v1/tokens")).Status);
    }

    /// <summary>Its token is still stored, and lets nobody in.</summary>
    [Fact]
    public async Task Delete_OfAnOperatorsToken_WithTheOtherOneInADeletedOrganization_IsRefused()
    {
        await host.TokenAsync(host.OtherOrg, "second", ["admin", "operator"]);
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/projects/web?org=other")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/organizations/other")).Status);
        var refused = await http.SendJsonAsync("DELETE", "/api/v1/tokens/admin");
        Assert.Equal((409, "LAST_OPERATOR"), (refused.Status, refused.Text("code")));
    }

    [Fact]
    public async Task Delete_OfTheLastTwoAtOnce_LeavesOne()
    {
        var (last, text) = ("t", await host.TokenAsync(host.OtherOrg, "t", ["admin"]));
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"t-{round}";
            var added = await host.TokenAsync(host.OtherOrg, name, ["admin"]);
            using var one = host.Client(text);
            using var two = host.Client(added);
            var answers = await Task.WhenAll(
                one.SendJsonAsync("DELETE", $"/api/v1/tokens/{name}"), two.SendJsonAsync("DELETE", $"/api/v1/tokens/{last}"));
            Assert.Single(answers, a => a.Status == 200);
            if (answers[1].Status == 200) (last, text) = (name, added);
            using var left = host.Client(text);
            Assert.Equal(200, (await left.SendJsonAsync("GET", $"/api/v1/tokens/{last}")).Status);
        }
    }
}
