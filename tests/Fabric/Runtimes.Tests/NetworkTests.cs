using System.Net;
using System.Net.Sockets;
using Strata.Runtimes.Network;
using Strata.Runtimes.Tests.Machines;

namespace Strata.Runtimes.Tests;

public sealed class NetworkTests
{
    [Fact]
    public void Subnet_Addresses_AreCountedFromItsBase()
    {
        var subnet = Subnet.Parse("10.20.4.0/22")!.Value;
        Assert.Equal("10.20.4.1", subnet.Gateway);
        Assert.Equal("10.20.5.0", subnet.Address(256));
        Assert.Equal("10.20.7.254/22", subnet.WithPrefix(Subnet.HostMax));
        Assert.Equal("10.20.4.0/22", subnet.ToString());
    }

    [Theory]
    [InlineData("10.20.4.0/24")]
    [InlineData("x")]
    [InlineData("")]
    public void Subnet_AnotherText_IsNone(string text) => Assert.Null(Subnet.Parse(text));

    [Fact]
    public void Choose_SameCloud_SameSubnetWithinTen() =>
        Assert.StartsWith("10.", Subnet.Choose("0123abcd").ToString(), StringComparison.Ordinal);

    [Fact]
    public void Pool_HandsOutEachOnce_AndRestsWhatCameBack()
    {
        var pool = new AddressPool();
        pool.Adopt(2, "old");
        var first = pool.Take("a");
        Assert.Equal(3, first);
        pool.Release(3, "a");
        Assert.Equal(4, pool.Take("b"));
        var rest = Enumerable.Range(0, 2000).Select(_ => pool.Take("c")).TakeWhile(x => x is not null).ToList();
        Assert.Equal(rest.Count, rest.Distinct().Count());
        Assert.DoesNotContain(AddressPool.Trial, rest.Select(x => x!.Value));
        Assert.Contains(3, rest.Select(x => x!.Value));
        Assert.Null(pool.Take("d"));
    }

    [Fact]
    public void Pool_AddressGivenBackTwice_StaysWithItsNewOwner()
    {
        var pool = new AddressPool();
        var all = Enumerable.Range(0, 2000).Select(_ => pool.Take("first")).TakeWhile(x => x is not null).Count();
        pool.Release(7, "first");
        Assert.Equal(7, pool.Take("second"));
        pool.Release(7, "first");
        Assert.Null(pool.Take("third"));
        Assert.True(all > 1000);
    }

    [Fact]
    public async Task SetUp_AnotherCloudsFolderIsGone_ItsBridgeAndRulesAreRemoved()
    {
        await using var gone = await TestMachine.OpenAsync(RuntimeChoice.Oci);
        await using var kept = await TestMachine.OpenAsync(RuntimeChoice.Oci);
        Folder.Delete(gone.Home);
        Assert.True(HasNetwork(gone));

        await using (await TestMachine.OpenAsync(RuntimeChoice.Oci)) Assert.False(HasNetwork(gone));
        Assert.True(HasNetwork(kept));
        var tables = await HostCommand.RunAsync("nft", ["list", "tables"], CancellationToken.None);
        Assert.DoesNotContain("strata_" + gone.Machine.Paths.CloudId, tables.Output, StringComparison.Ordinal);
        Assert.Contains("strata_" + kept.Machine.Paths.CloudId, tables.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetUp_FolderNotVisibleButItsRelayListens_NetworkStays()
    {
        await using var machine = await TestMachine.OpenAsync(RuntimeChoice.Oci);
        using var relay = new TcpListener(IPAddress.Parse(machine.Machine.Relay!.Value.Address), machine.Machine.Relay.Value.Port);
        relay.Start();
        Folder.Delete(machine.Home);

        await using (await TestMachine.OpenAsync(RuntimeChoice.Oci)) Assert.True(HasNetwork(machine));
    }

    private static bool HasNetwork(TestMachine machine) => Directory.Exists("/sys/class/net/strata" + machine.Machine.Paths.CloudId);
}
