using System.Net.NetworkInformation;
using System.Text;
using Strata.Runtimes.Oci;

namespace Strata.Runtimes.Network;

/// <summary>
/// Bridges and firewall rules of clouds whose data folder was removed while they were set up, as after a killed test. Every packet of the
/// machine passes the rules of every table, so leftovers slow down all other traffic: 40 forgotten tables cost a third of an HTTP request.
/// </summary>
internal static class AbandonedNetworks
{
    private const string Interfaces = "/sys/class/net";

    // Of "strata" and the cloud's id.
    private const int NameLength = 14;

    /// <summary>The kernel cuts an alias at 255 bytes; a longer path is not kept, and such a network is left alone.</summary>
    private const int AliasBytesMax = 255;

    /// <summary>The line for <c>ip -batch</c> that writes the owner's data folder beside its bridge; empty where it does not fit.</summary>
    public static string Mark(string bridge, string home)
    {
        var isPlain = home.All(c => char.IsLetterOrDigit(c) || c is '/' or '.' or '_' or '-')
            && Encoding.UTF8.GetByteCount(home) <= AliasBytesMax;
        return isPlain ? $"link set {bridge} alias {home}\n" : "";
    }

    /// <summary>
    /// Removes each network that has no ports, on whose address nothing listens (a cloud in another container, whose folder is not visible
    /// here, has its relay there), and whose data folder is gone. One whose owner is unknown stays.
    /// </summary>
    /// <returns>The names of the bridges that were removed.</returns>
    public static async Task<IReadOnlyList<string>> RemoveAsync(CancellationToken cancellationToken)
    {
        var removed = new List<string>();
        foreach (var path in Directory.GetFileSystemEntries(Interfaces, "strata????????"))
        {
            var bridge = Path.GetFileName(path);
            if (bridge.Length != NameLength || !IsAbandoned(path) || IsListenedOn(bridge)) continue;
            var cloudId = bridge["strata".Length..];
            await HostCommand.RunAsync("ip", ["link", "delete", bridge], cancellationToken);
            if (Firewall.IsAvailable) await Firewall.RemoveAsync(BridgeNetwork.TableOf(cloudId), cancellationToken);
            Cgroups.RemoveCloud(cloudId);
            removed.Add(bridge);
        }
        return removed;
    }

    private static bool IsListenedOn(string bridge)
    {
        var addresses = NetworkInterface.GetAllNetworkInterfaces().Where(x => x.Name == bridge)
            .SelectMany(x => x.GetIPProperties().UnicastAddresses).Select(x => x.Address).ToHashSet();
        return IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(x => addresses.Contains(x.Address));
    }

    private static bool IsAbandoned(string path)
    {
        try
        {
            var home = File.ReadAllText(Path.Combine(path, "ifalias")).Trim();
            return home.StartsWith('/') && !Directory.Exists(home)
                && !Directory.EnumerateFileSystemEntries(Path.Combine(path, "brif")).Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // another process removed it, or it is not a bridge
        }
    }
}
