using Strata.Core;

namespace Strata.Tunnels;

/// <summary>The catalogue of this module's errors.</summary>
public static class TunnelErrors
{
    public static readonly Error UpgradeNeeded = new(
        ErrorKind.Invalid, "WEBSOCKET_REQUIRED", "A tunnel is a WebSocket, and this is not a WebSocket request.",
        "strata tunnel PORT connects one.");

    /// <param name="refused">By the share of tunnels: says how many there are, and who uses them.</param>
    public static Error Busy(Error refused) => refused with { Code = "TUNNELS_BUSY", NextStep = "Close a tunnel, or raise --tunnels-max." };

    public static readonly Error ConnectionGone = new(
        ErrorKind.NotFound, "TUNNEL_CONNECTION_GONE", "The connection no longer exists: it was already fetched, or not fetched in time.");

    public static Error InUse(string name) => new(
        ErrorKind.Conflict, "TUNNEL_IN_USE", $"Another machine is connected to the tunnel {name}.",
        "Use another name, or close the other tunnel.");

    public static Error NameOfDeployment(string name) => new(
        ErrorKind.Conflict, "TUNNEL_NAME_TAKEN", $"A deployment already has the name {name} and its host.",
        "Take another name: strata tunnel PORT --name NAME.");
}
