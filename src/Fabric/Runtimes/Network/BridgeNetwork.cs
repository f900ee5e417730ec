using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Strata.Core;

namespace Strata.Runtimes.Network;

/// <summary>
/// The private network of one cloud's instances on this machine: a bridge whose ports are isolated from one another. Its name comes from
/// the home folder and its subnet is chosen once and kept in a file, so that clouds stand side by side and addresses stay valid over a
/// restart. Setting it up again is harmless.
/// </summary>
internal sealed class BridgeNetwork
{
    private const int RelayPortFirst = 7070;
    private const int RelayPortTries = 50;

    private BridgeNetwork(string cloudId, Subnet subnet, int relayPort) =>
        (Bridge, Table, Subnet, RelayPort) = ("strata" + cloudId, TableOf(cloudId), subnet, relayPort);

    public string Bridge { get; }

    public Subnet Subnet { get; }

    /// <summary>On the bridge's own address: the one port of this machine that instances reach.</summary>
    public int RelayPort { get; }

    public AddressPool Addresses { get; } = new();

    /// <summary>What it does not keep apart; null when all is in place.</summary>
    public string? Shortcoming { get; private set; }

    private string Table { get; }

    /// <summary>Locally administered, from the cloud's id.</summary>
    private string HardwareAddress => "02:73:" + string.Join(':', Bridge[^8..].Chunk(2).Select(pair => new string(pair)));

    /// <summary>The name of a cloud's table of firewall rules.</summary>
    public static string TableOf(string cloudId) => "strata_" + cloudId;

    /// <summary>Also removes what other clouds on this machine left behind when their data folder was deleted.</summary>
    /// <exception cref="IOException">The bridge could not be made; the message says why.</exception>
    public static async Task<BridgeNetwork> SetUpAsync(
        NodePaths paths, IReadOnlyList<IPNetwork> allowed, CancellationToken cancellationToken)
    {
        var file = Path.Combine(paths.State, "network.json");
        var kept = Load(file);
        var network = new BridgeNetwork(paths.CloudId, kept?.Subnet ?? Subnet.Choose(paths.CloudId), kept?.RelayPort ?? RelayPortFirst);
        await AbandonedNetworks.RemoveAsync(cancellationToken);
        await network.EnsureBridgeAsync(paths.Home, cancellationToken);
        if (kept is null) network = network.WithFreeRelayPort(paths.CloudId);
        var keep = new NetworkFile(network.Subnet.ToString(), network.RelayPort);
        AtomicFile.Write(file, JsonSerializer.Serialize(keep, NodeFilesJson.Default.NetworkFile));
        network.Shortcoming = await Firewall.ApplyAsync(
            network.Table, network.Bridge, network.Subnet, network.RelayPort, new Egress(allowed, Oci.HostStack.ResolverAddresses()),
            cancellationToken);
        return network;
    }

    /// <summary>Takes bridge and rules away, for a cloud that ends.</summary>
    public async Task TearDownAsync(CancellationToken cancellationToken)
    {
        await HostCommand.RunAsync("ip", ["link", "delete", Bridge], cancellationToken);
        if (Firewall.IsAvailable) await Firewall.RemoveAsync(Table, cancellationToken);
    }

    private async Task EnsureBridgeAsync(string home, CancellationToken cancellationToken)
    {
        if (!Directory.Exists($"/sys/class/net/{Bridge}"))
        {
            // With a hardware address of its own: otherwise it takes that of one of its ports and changes it as instances come and go, and
            // the others lose their way to it for seconds. Without IPv6: a link-local address would be a second way to the machine's
            // services.
            var addition = $"link add {Bridge} address {HardwareAddress} type bridge\nlink set {Bridge} addrgenmode none\n";
            var made = await HostCommand.RunAsync("ip", ["-batch", "-"], addition, cancellationToken);
            if (!made.Ok) throw new IOException($"The bridge {Bridge} could not be made: {made.Complaint}");
        }
        var setting = $"addr replace {Subnet.WithPrefix(1)} dev {Bridge}\n{AbandonedNetworks.Mark(Bridge, home)}link set {Bridge} up\n";
        var up = await HostCommand.RunAsync("ip", ["-batch", "-"], setting, cancellationToken);
        if (!up.Ok) throw new IOException($"The bridge {Bridge} could not be set up: {up.Complaint}");
    }

    private BridgeNetwork WithFreeRelayPort(string cloudId)
    {
        var port = Enumerable.Range(RelayPortFirst, RelayPortTries).First(p => CanListen(IPAddress.Parse(Subnet.Gateway), p));
        return new BridgeNetwork(cloudId, Subnet, port);
    }

    private static bool CanListen(IPAddress address, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static (Subnet Subnet, int RelayPort)? Load(string file)
    {
        if (!File.Exists(file)) return null;
        try
        {
            var kept = JsonSerializer.Deserialize(File.ReadAllText(file), NodeFilesJson.Default.NetworkFile);
            return kept is not null && Subnet.Parse(kept.Subnet) is { } subnet ? (subnet, kept.RelayPort) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

internal sealed record NetworkFile(string Subnet, int RelayPort);
