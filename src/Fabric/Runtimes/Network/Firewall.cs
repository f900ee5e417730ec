namespace Strata.Runtimes.Network;

/// <summary>
/// What instances and builds may reach. One table of nftables per cloud, replaced whole: on this machine only the relay's port; no other
/// instance, of this or another cloud; outside what <see cref="Egress"/> says, by the machine's own address. Without nft nothing is
/// forwarded and <see cref="Missing"/> says what stays open.
/// </summary>
internal static class Firewall
{
    public const string Missing =
        "Without nftables an instance can reach services of this machine that listen on all addresses, and nothing outside of it; install it: apt-get install nftables.";

    public static bool IsAvailable => HostCommand.Find("nft") is not null;

    /// <returns>Null when it is in place; otherwise why not.</returns>
    public static async Task<string?> ApplyAsync(
        string table, string bridge, Subnet subnet, int relayPort, Egress egress, CancellationToken cancellationToken)
    {
        if (!IsAvailable) return Missing;
        var result = await HostCommand.RunAsync("nft", ["-f", "-"], Rules(table, bridge, subnet, relayPort, egress), cancellationToken);
        if (!result.Ok) return $"{Missing[..^1]} (nft refused the rules: {result.Complaint}).";
        if (await ForwardAsync(cancellationToken)) return null;
        return "Instances cannot reach anything outside of this machine: IP forwarding could not be switched on (sysctl net.ipv4.ip_forward=1).";
    }

    public static Task RemoveAsync(string table, CancellationToken cancellationToken) =>
        HostCommand.RunAsync("nft", ["delete", "table", "inet", table], cancellationToken);

    private static async Task<bool> ForwardAsync(CancellationToken cancellationToken)
    {
        const string path = "/proc/sys/net/ipv4/ip_forward";
        try
        {
            if ((await File.ReadAllTextAsync(path, cancellationToken)).Trim() != "1")
                await File.WriteAllTextAsync(path, "1", cancellationToken);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>
    /// Each chain begins with the way out for what is not its concern, which is nearly all: one comparison is what the machine's other
    /// traffic pays.
    /// </summary>
    private static string Rules(string table, string bridge, Subnet subnet, int relayPort, Egress egress) => $$"""
        table inet {{table}} { }
        delete table inet {{table}}
        table inet {{table}} {
          chain input {
            type filter hook input priority -10; policy accept;
            iifname != "{{bridge}}" accept
            iifname "{{bridge}}" ct state established,related accept
            iifname "{{bridge}}" ip daddr {{subnet.Gateway}} tcp dport {{relayPort}} accept
            iifname "{{bridge}}" drop
          }
          chain forward {
            type filter hook forward priority -10; policy accept;
            iifname != "{{bridge}}" oifname != "{{bridge}}" accept
            oifname "{{bridge}}" ct state established,related accept
            oifname "{{bridge}}" drop
            iifname "{{bridge}}" oifname "strata*" drop
            {{string.Join("\n            ", egress.Rules(bridge))}}
          }
          chain postrouting {
            type nat hook postrouting priority 100; policy accept;
            ip saddr {{subnet}} oifname != "{{bridge}}" masquerade
          }
        }
        """;
}
