using Strata.Api.Auth.Tokens;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests;

/// <summary>A token whose secret is replaced while its holder uses it.</summary>
public sealed class TokenRotationTests : IAsyncLifetime
{
    private readonly FakeTime time = new();
    private ApiHost host = null!;
    private TokenAuthenticator authenticator = null!;
    private TokenIssuer issuer = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        authenticator = new TokenAuthenticator(host.Log, host.Tokens, host.RoleGrants, time);
        issuer = new TokenIssuer(host.Tokens, authenticator);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Rotate_AcceptsBothSecrets_UntilTheFormerIsEnded()
    {
        var former = await RotateAsync(TimeSpan.FromHours(1));
        Assert.True(await IsAcceptedAsync(former));
        var present = await RotateAsync(TimeSpan.FromHours(1));
        Assert.True(await IsAcceptedAsync(former));
        Assert.True(await IsAcceptedAsync(present));
        Assert.True((await issuer.EndFormerAsync(Caller, "part", default)).IsOk);
        Assert.False(await IsAcceptedAsync(former));
        Assert.True(await IsAcceptedAsync(present));
    }

    /// <summary>Also where it was found a moment before, and is remembered.</summary>
    [Fact]
    public async Task Rotate_LengthensTheLifeOfNoFormerSecret()
    {
        var expired = await RotateAsync(TimeSpan.FromMinutes(10));
        time.Advance(TimeSpan.FromMinutes(10));
        var former = await RotateAsync(TimeSpan.FromMinutes(10));
        Assert.False(await IsAcceptedAsync(expired));
        time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(5));
        var present = await RotateAsync(TimeSpan.FromHours(1));
        Assert.True(await IsAcceptedAsync(former));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await IsAcceptedAsync(former));
        Assert.True(await IsAcceptedAsync(present));
    }

    [Fact]
    public async Task Rotate_ThenRevoke_RefusesBothSecrets()
    {
        var former = await RotateAsync(TimeSpan.FromHours(1));
        var present = await RotateAsync(TimeSpan.FromHours(1));
        Assert.True(await issuer.RevokeAsync(Caller, "part", default));
        Assert.False(await IsAcceptedAsync(former));
        Assert.False(await IsAcceptedAsync(present));
    }

    [Fact]
    public async Task FormerSecret_IsShownNowhere()
    {
        await RotateAsync(TimeSpan.FromHours(1));
        await RotateAsync(TimeSpan.FromHours(1));
        using var http = host.Client();
        foreach (var path in (string[])["tokens/part", "tokens", "tokens/part/history"])
        {
            var answer = await http.SendJsonAsync("GET", "/api/v1/" + path);
            Assert.Equal(200, answer.Status);
            Assert.DoesNotContain("former", answer.Body.GetRawText(), StringComparison.OrdinalIgnoreCase);
        }
    }

    private Caller Caller => new(host.Org, "test");

    private async Task<string> RotateAsync(TimeSpan lifetime)
    {
        var spec = new TokenSpec { Roles = [Roles.Viewer], ExpiresAt = time.GetUtcNow() + lifetime };
        return (await issuer.RotateAsync(Caller, new NewResource<TokenSpec> { Name = "part", Spec = spec }, null, default)).Value.Text;
    }

    private async Task<bool> IsAcceptedAsync(string token) => (await authenticator.AuthenticateAsync(token, default)).IsOk;
}
