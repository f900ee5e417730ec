using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Strata.Runtimes.Network;

/// <summary>A /22 inside 10.0.0.0/8: 1,021 instances on one node. The first address is the bridge's own.</summary>
/// <param name="Base">The network address as a number; its low 10 bits are zero.</param>
internal readonly record struct Subnet(uint Base)
{
    public const int PrefixBits = 22;
    public const int HostMax = 1022;

    /// <summary>Chosen by the cloud's id, moved on until it overlaps no address that the machine has and no route that it knows.</summary>
    public static Subnet Choose(string cloudId)
    {
        var taken = Taken();
        var seed = Convert.ToUInt32(cloudId, 16);
        return Enumerable.Range(0, 1 << 14)
            .Select(i => new Subnet((10u << 24) | (((seed + (uint)i) & 0x3fff) << 10)))
            .First(subnet => !taken.Any(range => range.First <= subnet.Last && range.Last >= subnet.Base));
    }

    public uint Last => Base + (1u << (32 - PrefixBits)) - 1;

    public string Gateway => Address(1);

    public string Address(int host)
    {
        var number = Base + (uint)host;
        return $"{number >> 24}.{(number >> 16) & 255}.{(number >> 8) & 255}.{number & 255}";
    }

    public string WithPrefix(int host) => $"{Address(host)}/{PrefixBits}";

    public override string ToString() => $"{Address(0)}/{PrefixBits}";

    public static Subnet? Parse(string text) =>
        IPNetwork.TryParse(text, out var network) && network.PrefixLength == PrefixBits ? new Subnet(ToNumber(network.BaseAddress)) : null;

    private static List<(uint First, uint Last)> Taken()
    {
        var ranges = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Where(address => address.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(address => Range(ToNumber(address.Address), address.PrefixLength))
            .ToList();
        ranges.AddRange(Routes());
        return ranges;
    }

    private static IEnumerable<(uint, uint)> Routes()
    {
        foreach (var line in File.ReadLines("/proc/net/route").Skip(1))
        {
            var fields = line.Split('\t');
            if (fields.Length < 8) continue;
            // The kernel writes both in network order as the machine's own number.
            var target = (uint)IPAddress.NetworkToHostOrder((int)Convert.ToUInt32(fields[1], 16));
            var mask = (uint)IPAddress.NetworkToHostOrder((int)Convert.ToUInt32(fields[7], 16));
            if (mask != 0) yield return (target & mask, target | ~mask);
        }
    }

    private static (uint, uint) Range(uint address, int prefixBits)
    {
        var mask = prefixBits == 0 ? 0 : uint.MaxValue << (32 - prefixBits);
        return (address & mask, address | ~mask);
    }

    private static uint ToNumber(IPAddress address) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
}
