using Strata.Deployments.Source;

namespace Strata.Deployments.Tests.Source;

public sealed class LinkMapTests
{
    /// <summary>Links of thousands of parts that lead to each other would keep a processor busy for minutes.</summary>
    [Fact]
    public void Leaves_LinksOfThousandsOfParts_AreRefusedBeyondABound()
    {
        var map = new LinkMap();
        for (var i = 0; i < 400; i++) map.Add($"l{i}", string.Concat(Enumerable.Repeat("x/../", 800)) + $"l{(i + 1) % 400}");
        Assert.False(map.Leaves("l0"));
        Assert.Contains(map.Links.Keys, map.Leaves);
    }

    [Fact]
    public void Leaves_ATreeOfPackagesWithManyLinks_IsNotBounded()
    {
        var map = new LinkMap();
        for (var i = 0; i < 100_000; i++) map.Add($"node_modules/.store/p{i}/node_modules/dep", $"../../p{(i + 1) % 100_000 / 2}/files");
        Assert.DoesNotContain(map.Links.Keys, map.Leaves);
    }
}
