using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Resources.Servers;

namespace Strata.Api.Tests;

public sealed class PeerTokenTests
{
    private const string Path = "/api/v1/widgets?limit=5";

    private static readonly SealedSecrets Key = new(new byte[SealedSecrets.KeyBytes]);
    private static readonly GrantScope.WithLabels Staging = new(new Dictionary<string, string> { ["env"] = "staging" });
    private static readonly Principal Caller = new()
    {
        Tenant = new TenantId(Guid.Parse("01900000-0000-7000-8000-000000000001")), Actor = "user:jane", 
        Grants =
        [
            new Grant(new HashSet<string> { "widgets.read" }, GrantScope.Organization),
            new Grant(new HashSet<string> { "widgets.write", "boxes.read" }, new GrantScope.Both(new GrantScope.OfProject("prj_1"),
                Staging)),
            new Grant(new HashSet<string> { "nodes.control" }, new GrantScope.OfNode("nod_1")),
        ],
        RoleNames = ["developer"], Project = "prj_1",
    };

    private static readonly ServerSelf SecondSelf = Self("second");
    private static readonly PeerServer Second = PeerOf(SecondSelf);

    private readonly FakeTime time = new();
    private readonly PeerTokens first;
    private readonly PeerTokens second;

    public PeerTokenTests() => (first, second) = (new PeerTokens(Key, Self("first"), time), new PeerTokens(Key, SecondSelf, time));

    [Fact]
    public async Task Token_CarriesThePrincipal_WholeAndUnchanged()
    {
        var (principal, from) = (await second.VerifyAsync(first.Issue(Second, "GET", Path, Caller), "GET", Path)).Value;

        Assert.Equal("first", from.From);
        Assert.Equal((Caller.Tenant, Caller.Actor, Caller.Project, null), (principal.Tenant, principal.Actor, principal.Project,
            principal.Node));
        Assert.Equal(Caller.Grants.Select(g => string.Join(' ', g.Permissions.Order())), principal.Grants.Select(g => string.Join(' ',
            g.Permissions.Order())));
        Assert.Equal(GrantScope.Organization, principal.Grants[0].Scope);
        var both = Assert.IsType<GrantScope.Both>(principal.Grants[1].Scope);
        Assert.Equal(new GrantScope.OfProject("prj_1"), both.First);
        Assert.Equal(Staging.Labels, Assert.IsType<GrantScope.WithLabels>(both.Second).Labels);
        Assert.Equal(new GrantScope.OfNode("nod_1"), principal.Grants[2].Scope);
        Assert.False(principal.May("nodes.read"));
    }

    [Fact]
    public async Task Token_IsGoodForOneRequest_AndOnce()
    {
        var token = first.Issue(Second, "GET", Path, Caller);
        Assert.False((await second.VerifyAsync(token, "POST", Path)).IsOk);
        Assert.False((await second.VerifyAsync(token, "GET", Path + "1")).IsOk);
        Assert.False((await new PeerTokens(Key, Self("third"), time).VerifyAsync(token, "GET", Path)).IsOk);
        Assert.True((await second.VerifyAsync(token, "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync(token, "GET", Path)).IsOk);
    }

    [Fact]
    public async Task Token_IsNoLonger_WhenThePathIs()
    {
        var path = "/api/entity?x=" + new string('x', 20_000);
        var token = first.Issue(Second, "GET", path, Caller);
        Assert.Equal(first.Issue(Second, "GET", Path, Caller).Length, token.Length);
        Assert.True((await second.VerifyAsync(token, "GET", path)).IsOk);
    }

    [Fact]
    public async Task Token_OfAnotherKey_OrTampered_OrUnsigned_IsRefused()
    {
        var other = new PeerTokens(new SealedSecrets([1, .. new byte[SealedSecrets.KeyBytes - 1]]), Self("first"), time);
        Assert.False((await second.VerifyAsync(other.Issue(Second, "GET", Path, Caller), "GET", Path)).IsOk);
        var parts = first.Issue(Second, "GET", Path, Caller).Split('.');
        Assert.False((await second.VerifyAsync($"{parts[0]}.{parts[1]}.", "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync($"eyJhbGciOiJub25lIn0.{parts[1]}.", "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync($"{parts[0]}.{parts[1][..^2]}AA.{parts[2]}", "GET", Path)).IsOk);
        Assert.False((await second.VerifyAsync("not a token", "GET", Path)).IsOk);
    }

    [Fact]
    public async Task Token_IsNotGood_WhenItsTimeIsOver_NorAReplayThen()
    {
        var (kept, used) = (first.Issue(Second, "GET", Path, Caller), first.Issue(Second, "GET", Path, Caller));
        Assert.True((await second.VerifyAsync(used, "GET", Path)).IsOk);
        for (var step = 0; step < 12; step++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            Assert.False((await second.VerifyAsync(used, "GET", Path)).IsOk);
        }
        Assert.False((await second.VerifyAsync(kept, "GET", Path)).IsOk);
    }

    [Fact]
    public async Task Token_OfAFormerLifeOfTheServer_IsRefused_AsItsReplaysAreForgotten()
    {
        var used = first.Issue(Second, "GET", Path, Caller);
        Assert.True((await second.VerifyAsync(used, "GET", Path)).IsOk);
        var restarted = Self("second");
        var again = new PeerTokens(Key, restarted, time);
        Assert.Equal("UNAUTHORIZED", (await again.VerifyAsync(used, "GET", Path)).Error?.Code);
        Assert.False((await again.VerifyAsync(first.Issue(Second with { Life = null }, "GET", Path, Caller), "GET", Path)).IsOk);
        Assert.True((await again.VerifyAsync(first.Issue(PeerOf(restarted), "GET", Path, Caller), "GET", Path)).IsOk);
    }

    [Fact]
    public async Task Token_SaysThatItsSenderKeepsChecking_OnlyWhenThatWasAskedFor()
    {
        foreach (var keepsChecking in (bool[])[false, true])
        {
            var token = first.Issue(Second, "GET", Path, Caller, keepsChecking);
            Assert.Equal(keepsChecking, (await second.VerifyAsync(token, "GET", Path)).Value.From.KeepsChecking);
        }
    }

    private static ServerSelf Self(string name) => new(name, name, new Uri("http://127.0.0.1:1"), "1", DateTimeOffset.UnixEpoch);

    private static PeerServer PeerOf(ServerSelf self) => new(self.ServerId, self.Name, self.Address) { Life = self.Life };
}
