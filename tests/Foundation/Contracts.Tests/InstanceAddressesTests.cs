
using Strata.Contracts;

namespace Strata.Contracts.Tests;

public sealed class InstanceAddressesTests
{
    private static readonly NodeStatus Bridge = new() { InstanceSubnets = ["10.20.4.0/22"] };
    private static readonly NodeStatus Shared = new() { InstanceSubnets = ["127.0.0.1/32"], HostPorts = new PortRange(20_000, 29_999) };

    [Theory]
    [InlineData("10.20.4.2", true)]
    [InlineData("10.20.7.254", true)]
    [InlineData("10.20.4.0", false)]
    [InlineData("10.20.4.1", false)]
    [InlineData("10.20.7.255", false)]
    [InlineData("10.20.8.2", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::ffff:10.20.4.2", false)]
    [InlineData("localhost", false)]
    [InlineData("", false)]
    public void Allows_OwnNetwork_OnlyAddressesOfInstances(string address, bool allowed) =>
        Assert.Equal(allowed, InstanceAddresses.Allows(Bridge, address, 8080));

    [Theory]
    [InlineData("127.0.0.1", 20_000, true)]
    [InlineData("127.0.0.1", 5432, false)]
    [InlineData("127.0.0.1", 8080, false)]
    [InlineData("127.0.0.2", 20_000, false)]
    [InlineData("127.0.0.1", 0, false)]
    public void Allows_SharedNetwork_OnlyPortsOfInstances(string address, int port, bool allowed) =>
        Assert.Equal(allowed, InstanceAddresses.Allows(Shared, address, port));

    [Fact]
    public void Allows_NodeThatDeclaresNothing_Nothing() => Assert.False(InstanceAddresses.Allows(new NodeStatus(), "10.20.4.2", 8080));
}
