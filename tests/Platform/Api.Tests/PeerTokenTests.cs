using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Resources.Tests.Support;

namespace Strata.Api.Tests;

public sealed class PeerTokenTests
{
    private const string Path = "/api/v1/widgets?limit=5";

    private static readonly SealedSecrets Key = new(new byte[SealedSecrets.KeyBytes]);
    private static readonly Principal Caller = new()
    {
        Tenant = new TenantId(Guid.Parse("01900000-0000-7000-8000-000000000001")), Actor = "user:jane", Permissions = new HashSet<string> { "widgets.read", "*.write" },
        RoleNames = ["developer"], Project = "prj_1",
    };

    private readonly ManualTime time = new();
    private readonly PeerTokens first;
    private readonly PeerTokens second;

    public PeerTokenTests() => (first, second) = (new PeerTokens(Key, "first", time), new PeerTokens(Key, "second", time));

    [Fact]
    public async Task Token_CarriesThePrincipal_WholeAndUnchanged()
    {
        var (principal, from) = (await second.VerifyAsync(first.Issue("second", "GET", Path, Caller), "GET", Path)).Value;

        Assert.Equal("first", from.From);
        Assert.Equal((Caller.Tenant, Caller.Actor, Caller.Project, null), (principal.Tenant, principal.Actor, principal.Project, principal.Node));
        Assert.Equal(Caller.Permissions.Order(), principal.Permissions.Order());
        Assert.True(principal.May("widgets.read"));
        Assert.False(principal.May("nodes.read"));
    }

    [Fact]
    public async Task Token_IsGoodForOneRequest_AndOnce()
    {
        var token = first.Issue("second", "GET", Path, Caller);
        Assert.False((await second.VerifyAsync(token, "POST", Path)).IsOk);
        Assert.False((await second.VerifyAsync(token, "GET", Path + "1")).IsOk);
        Assert.False((await new PeerTokens(Key, "third", time).VerifyAsync(token, "GET", Path)).IsOk);
        Assert.True((await second.VerifyAsync(token, "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync(token, "GET", Path)).IsOk);
    }

    [Fact]
    public async Task Token_OfAnotherKey_OrTampered_OrUnsigned_IsRefused()
    {
        var other = new PeerTokens(new SealedSecrets([1, .. new byte[SealedSecrets.KeyBytes - 1]]), "first", time);
        Assert.False((await second.VerifyAsync(other.Issue("second", "GET", Path, Caller), "GET", Path)).IsOk);
        var parts = first.Issue("second", "GET", Path, Caller).Split('.');
        Assert.False((await second.VerifyAsync($"{parts[0]}.{parts[1]}.", "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync($"eyJhbGciOiJub25lIn0.{parts[1]}.", "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync($"{parts[0]}.{parts[1][..^2]}AA.{parts[2]}", "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync("not a token", "GET", Path)).IsOk);
    }

    [Fact]
    public async Task Token_IsNotGood_WhenItsTimeIsOver_NorAReplayThen()
    {
        var (kept, used) = (first.Issue("second", "GET", Path, Caller), first.Issue("second", "GET", Path, Caller));
        Assert.True((await second.VerifyAsync(used, "GET", Path)).IsOk);
        for (var step = 0; step < 12; step++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            Assert.False((await second.VerifyAsync(used, "GET", Path)).IsOk);
        }
        Assert.False((await second.VerifyAsync(kept, "GET", Path)).IsOk);
    }
}
