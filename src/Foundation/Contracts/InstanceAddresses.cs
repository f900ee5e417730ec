using System.Net;
using System.Net.Sockets;

namespace Strata.Contracts;

/// <summary>
/// Whether an address may belong to an instance of a node: what an edge checks before it connects, whatever an instance's status says.
/// </summary>
public static class InstanceAddresses
{
    /// <summary>
    /// True when the address is within <see cref="NodeStatus.InstanceSubnets"/>, and the port within <see cref="NodeStatus.HostPorts"/> if
    /// the node has such. In a subnet of more than one address the first and last two are refused: network, gateway (the machine itself),
    /// and broadcast.
    /// </summary>
    public static bool Allows(NodeStatus node, string address, int port)
    {
        if (port is < 1 or > 65535 || node.HostPorts?.Contains(port) == false) return false;
        return IPAddress.TryParse(address, out var ip) && !ip.IsIPv4MappedToIPv6
            && node.InstanceSubnets.Any(subnet => IsHostOf(subnet, ip));
    }

    private static bool IsHostOf(string subnet, IPAddress address)
    {
        if (!IPNetwork.TryParse(subnet, out var network) || !network.Contains(address)) return false;
        if (address.AddressFamily != AddressFamily.InterNetwork || network.PrefixLength > 30) return true;
        var host = Number(address) - Number(network.BaseAddress);
        var last = uint.MaxValue >> network.PrefixLength;
        return host > 1 && host < last;
    }

    private static uint Number(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
}
