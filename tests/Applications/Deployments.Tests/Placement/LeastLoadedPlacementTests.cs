using FsCheck;
using FsCheck.Fluent;
using Strata.Deployments.Placement;

namespace Strata.Deployments.Tests.Placement;

public sealed class LeastLoadedPlacementTests
{
    private static readonly LeastLoadedPlacement Strategy = new();
    private static readonly InstanceNeed Need = new("dep_1", 512L << 20, 1);

    private static readonly Config OneSeed = Config.QuickThrowOnFailure.WithReplay((ulong)Seeded.Seed, 1);

    private static readonly Gen<NodeLoad[]> Nodes = (
        from id in Gen.Choose(0, 1000)
        from cpus in Gen.Choose(1, 64)
        from gigabytes in Gen.Choose(1, 256)
        from instances in Gen.Choose(0, 50)
        from siblings in Gen.Choose(0, 3)
        select new NodeLoad($"nod_{id}", cpus, (long)gigabytes << 30, instances, instances, (long)instances << 29, siblings)).ArrayOf();

    [Fact]
    public void Pick_AnyCandidates_TakesOneThatNoOtherBeats() => Prop.ForAll(Nodes.ToArbitrary(), nodes =>
    {
        var picked = Strategy.Pick(Need, nodes);
        if (nodes.Length == 0) return picked is null;
        var node = nodes.First(x => x.Id == picked);
        return nodes.Where(x => x.Id == picked).Any(one => nodes.All(x => (one.Siblings, one.Load).CompareTo((x.Siblings, x.Load)) <= 0))
            && node is not null;
    }).Check(OneSeed);

    [Fact]
    public void Pick_AnyOrderOfCandidates_IsTheSame() => Prop.ForAll(Nodes.ToArbitrary(), nodes =>
    {
        var distinct = nodes.DistinctBy(x => x.Id).ToArray();
        return Strategy.Pick(Need, distinct) == Strategy.Pick(Need, [.. distinct.Reverse()]);
    }).Check(OneSeed);

    [Fact]
    public void HasRoom_FullNode_IsFalse()
    {
        var node = new NodeLoad("nod_1", 2, 1L << 30, 3, 3, (long)((1L << 30) * NodeLoad.MemoryOvercommit) - (256L << 20), 0);
        Assert.False(node.HasRoom(Need));
        Assert.True((node with { MemoryPromised = 0 }).HasRoom(Need));
    }
}
