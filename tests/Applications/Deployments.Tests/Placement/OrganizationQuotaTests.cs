using Strata.Deployments.Placement;

namespace Strata.Deployments.Tests.Placement;

public sealed class OrganizationQuotaTests
{
    private const long MiB = 1L << 20;
    private static readonly InstanceNeed Need = new("dep_1", 512 * MiB, 1);

    [Fact]
    public void Refuse_OneOrganizationStartsAllItCan_LeavesAQuarterForAnother()
    {
        var (own, node) = Fill(new Promised(0, 0, 0), new NodeLoad("nod_1", 4, 4096 * MiB, 0, 0, 0, 0), QuotaOptions.Default);
        Assert.Equal(12, own.Instances); // of the 16 that may be promised
        var refused = OrganizationQuota.Refuse(Need, own, [node], QuotaOptions.Default, isUpdate: false);
        Assert.Equal(
            "QUOTA_EXCEEDED: this organization's instances use 6 GiB of 6 GiB memory, and this one needs 512 MiB; stop or shrink some, or raise the organization's quota.", refused);
        var (other, _) = Fill(new Promised(0, 0, 0), node, QuotaOptions.Default);
        Assert.Equal(4, other.Instances);
    }

    [Fact]
    public void Refuse_CoresRunOut_LeavesAQuarterForAnother()
    {
        var need = new InstanceNeed("dep_1", 16 * MiB, 8);
        var node = new NodeLoad("nod_1", 2, 64L << 30, 0, 0, 0, 0);
        Assert.Null(OrganizationQuota.Refuse(need, new Promised(2, 16, 0), [node with { CpuPromised = 16 }], QuotaOptions.Default, false));
        Assert.StartsWith(
            "QUOTA_EXCEEDED", OrganizationQuota.Refuse(
                need, new Promised(3, 24, 0), [node with { CpuPromised = 24 }], QuotaOptions.Default, false), StringComparison.Ordinal);
        Assert.Null(OrganizationQuota.Refuse(need, new Promised(0, 0, 0), [node with { CpuPromised = 24 }], QuotaOptions.Default, false));
    }

    [Fact]
    public void Refuse_SetQuotas_HoldForMemoryCoresAndInstances_AndLetAnUpdateBeginAtThem()
    {
        NodeLoad[] nodes = [new NodeLoad("nod_1", 64, 64L << 30, 0, 0, 0, 0)];
        foreach (var quota in (QuotaOptions[])[new() { MemoryBytes = 1024 * MiB }, new() { Cpu = 2 }, new() { Instances = 2 }])
        {
            Assert.Null(OrganizationQuota.Refuse(Need, new Promised(1, 1, 512 * MiB), nodes, quota, false));
            Assert.NotNull(OrganizationQuota.Refuse(Need, new Promised(2, 2, 1024 * MiB), nodes, quota, false));
            Assert.Null(OrganizationQuota.Refuse(Need, new Promised(2, 2, 1024 * MiB), nodes, quota, isUpdate: true));
            Assert.NotNull(OrganizationQuota.Refuse(Need, new Promised(3, 3, 1536 * MiB), nodes, quota, isUpdate: true));
        }
    }

    private static (Promised Own, NodeLoad Node) Fill(Promised own, NodeLoad node, QuotaOptions quota)
    {
        while (node.HasRoom(Need) && OrganizationQuota.Refuse(Need, own, [node], quota, false) is null)
        {
            own = new Promised(own.Instances + 1, own.Cpu + Need.Cpu, own.MemoryBytes + Need.MemoryBytes);
            node = node with { Instances = node.Instances + 1, CpuPromised = node.CpuPromised + Need.Cpu,
                MemoryPromised = node.MemoryPromised + Need.MemoryBytes };
        }
        return (own, node);
    }
}
