using Strata.Edge.Metrics;
using Strata.Edge.Routing;

namespace Strata.Edge.Tests.Routing;

public class EdgeTableTests
{
    private static EdgeTable Table(params (string Host, string Path)[] routes) =>
        new(routes.Select(r =>
            new RouteEntry(new RouteRecord { Id = r.Host + r.Path, Org = "o", Host = r.Host, Path = r.Path, DeploymentName = "d" }, [],
                DeploymentSeries.None)), 1);

    [Fact]
    public void Keep_ALongerPathOfAnotherProject_StaysWithTheOldest()
    {
        RouteRecord Route(string id, int age, string org, string project, string path) =>
            new() { Id = id, Org = org, Project = project, CreatedAt = DateTimeOffset.UnixEpoch.AddDays(-age), Host = "shop.example",
                Path = path, DeploymentName = "d" };
        var kept = HostOwners.Keep(
            [Route("1", 1, "b", "p", "/login"), Route("2", 9, "a", "p", "/"), Route("3", 2, "a", "q", "/cart"),
                Route("4", 0, "a", "p", "/docs")]);
        Assert.Equal(["2", "4"], kept.Select(route => route.Id).Order());
    }

    [Theory]
    [InlineData("a.example", "a.example")]
    [InlineData("A.Example:8000", "a.example")]
    [InlineData("a.example.", "a.example")]
    [InlineData("a.example.:80", "a.example")]
    [InlineData("[::1]:80", "[::1]")]
    [InlineData("[::1]", "[::1]")]
    [InlineData("b.example", null)]
    [InlineData("", null)]
    [InlineData(":", null)]
    [InlineData("a.example..", null)]
    public void FindHost_OfAHeader_IgnoresCasePortAndDot(string header, string? host) =>
        Assert.Equal(host, Table(("a.example", "/"), ("[::1]", "/")).FindHost(header)?.Match("/")?.Host);

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/api", "/api")]
    [InlineData("/api/", "/api")]
    [InlineData("/api/v1", "/api")]
    [InlineData("/apiary", "/")]
    [InlineData("/api/v2/x", "/api/v2/")]
    [InlineData("/api/v2", "/api/v2/")]
    [InlineData("/API", "/")]
    [InlineData("*", "/")]
    public void Match_TakesTheLongestPrefixOfWholeSegments(string path, string route) =>
        Assert.Equal(route, Table(("h", "/"), ("h", "/api"), ("h", "/api/v2/")).FindHost("h")!.Match(path)!.Record.Path);

    [Fact]
    public void Match_RandomTables_AgreesWithTheObviousAlgorithm()
    {
        var random = Seeded.Random();
        string[] segments = ["a", "b", "ab", "api", "a.b", "%", "ü"];
        string Path(int max) =>
            "/" + string.Join('/', Enumerable.Range(0, random.Next(max)).Select(_ => segments[random.Next(segments.Length)]));
        for (var round = 0; round < 2000; round++)
        {
            var paths = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Path(4)).Distinct().ToArray();
            var host = Table([.. paths.Select(p => ("h", p))]).FindHost("H:1")!;
            var asked = Path(6) + (random.Next(4) == 0 ? "/" : "");
            var expected = paths.Where(p => IsPrefix(p, asked)).OrderByDescending(p => p.Length).FirstOrDefault();
            Assert.True(expected == host.Match(asked)?.Record.Path, $"STRATA_SEED={Seeded.Seed}: {asked} among {string.Join(" ", paths)}");
        }
    }

    private static bool IsPrefix(string prefix, string path)
    {
        var (p, a) = (prefix.Split('/', StringSplitOptions.RemoveEmptyEntries), path.Split('/'));
        return p.Length <= a.Length - 1 && p.SequenceEqual(a.Skip(1).Take(p.Length));
    }

    [Fact]
    public void Choose_ByWeight_IsFair()
    {
        var targets = new[] { Target("a", 3), Target("b", 1), Target("never", 0) };
        var entry = new RouteEntry(
            new RouteRecord { Id = "r", Org = "o", Host = "h", DeploymentName = "d" }, targets, DeploymentSeries.None);
        var chosen = Enumerable.Range(0, 8000).Select(_ => entry.Choose()!.StaticImage!).CountBy(i => i).ToDictionary();
        Assert.InRange(chosen["a"], 5700, 6300);
        Assert.Equal(8000, chosen["a"] + chosen["b"]);
    }

    [Fact]
    public void Choose_WithoutUsableTarget_IsNull()
    {
        var record = new RouteRecord { Id = "r", Org = "o", Host = "h", DeploymentName = "d" };
        Assert.Null(new RouteEntry(record, [new RouteTarget(new TargetRecord("rel", 1), "o", [])], DeploymentSeries.None).Choose());
        Assert.Null(new RouteEntry(record, [Target("a", 0)], DeploymentSeries.None).Choose());
        Assert.Null(new RouteEntry(record, [], DeploymentSeries.None).Choose());
    }

    private static RouteTarget Target(string image, int weight) => new(new TargetRecord("rel", weight, image), "o", []);
}
