using Strata.Contracts;
using Strata.Deployments.Kinds;

namespace Strata.Deployments.Tests.Kinds;

/// <summary>Where a route may lead.</summary>
public class RouteTargetTests
{
    private const string To = "https://example.com";

    [Theory]
    [InlineData("dep_1", false, null, "/", null)]
    [InlineData(null, true, null, "/", null)]
    [InlineData(null, false, To, "/old", null)]
    [InlineData(null, false, "http://example.com:8080/a/b", "/", null)]
    [InlineData(null, false, null, "/", "deployment")]
    [InlineData("dep_1", true, null, "/", "deployment")]
    [InlineData("dep_1", false, To, "/", "deployment")]
    [InlineData(null, true, To, "/", "deployment")]
    [InlineData(null, true, null, "/api", "path")]
    [InlineData(null, false, "https://shop.example.org/x", "/", "redirectTo")] // itself
    [InlineData(null, false, "ftp://example.com", "/", "redirectTo")]
    [InlineData(null, false, "https://example.com/?a", "/", "redirectTo")]
    [InlineData(null, false, "https://user@example.com", "/", "redirectTo")]
    [InlineData(null, false, "https://example.com/\r\nX: y", "/", "redirectTo")]
    [InlineData(null, false, "example.com", "/", "redirectTo")]
    public void Route_LeadsToOnePlace(string? deployment, bool api, string? redirectTo, string path, string? fault)
    {
        var spec = new RouteSpec { Host = "shop.example.org", Path = path, Deployment = deployment, Api = api, RedirectTo = redirectTo };
        Assert.Equal(fault is null ? [] : new[] { fault }, RouteChecks.Check(spec).Select(f => f.Field));
    }

    [Theory]
    [InlineData("shop.example.org\n", "/", "host")]
    [InlineData("shop.example.org", "/\n", "path")]
    [InlineData("10.0.0.1", "/", "host")]
    [InlineData("Shop.example.org", "/", "host")]
    public void HostAndPath_AreWholeWords(string host, string path, string fault) => Assert.Equal(
        [fault], RouteChecks.Check(new RouteSpec { Host = host, Path = path, Deployment = "dep_1" }).Select(f => f.Field));

    [Fact]
    public void Api_IsLedToByOperatorsAlone()
    {
        Assert.Equal(["api"], RouteChecks.CheckForOthers(new RouteSpec { Host = "a.example.org", Api = true }).Select(f => f.Field));
        Assert.Empty(RouteChecks.CheckForOthers(new RouteSpec { Host = "a.example.org", Deployment = "dep_1" }));
    }

    [Theory]
    [InlineData("X-Frame-Options", "DENY", true)]
    [InlineData("X_Frame", "DENY", false)]
    [InlineData("Content-Length", "5", false)]
    [InlineData("set-cookie", "a=b", false)]
    [InlineData("X-A", "b\r\nX-C: d", false)]
    [InlineData("X-A", "\u00fc", false)]
    public void Headers_AreThoseThatHarmNoAnswer(string name, string value, bool isGood) => Assert.Equal(isGood, RouteChecks.Check(
        new RouteSpec { Host = "a.example.org", Deployment = "dep_1", Headers = new Dictionary<string, string> { [name] = value } })
            .Count == 0);

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("::1", true)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("example.com", false)]
    public void AllowFrom_IsNetworks(string network, bool isGood) => Assert.Equal(isGood, RouteChecks.Check(
        new RouteSpec { Host = "a.example.org", Deployment = "dep_1", AllowFrom = [network] }).Count == 0);

    [Theory]
    [InlineData(0, true)]
    [InlineData(63_072_000, true)]
    [InlineData(-1, false)]
    [InlineData(63_072_001, false)]
    public void Hsts_IsTwoYearsAtMost(int seconds, bool isGood) => Assert.Equal(isGood, RouteChecks.Check(
        new RouteSpec { Host = "a.example.org", Deployment = "dep_1", Https = new RouteHttps { HstsSeconds = seconds } }).Count == 0);
}
