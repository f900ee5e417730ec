using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Servers;

/// <summary>The lease that a server's heartbeats hold. Its holder begins with the place where the server runs.</summary>
internal static class ServerLease
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    public static readonly Error IdInUse = new(
        ErrorKind.Conflict, "SERVER_ID_IN_USE", "This server's id is in use by another process, which is running from another data folder.",
        "If one of the two folders is a copy, stop its server, delete server.id, node and run in the copy, and start it again. If the folder was "
        + "moved, stop the process that still runs from the former one.");

    public static string Of(string serverId) => "server/" + serverId;

    /// <summary>
    /// Whether the holder is a life of the same place. Only one process at a time runs there, so that a former one is dead.
    /// </summary>
    public static bool IsOf(ServerSelf self, string holder) => holder.StartsWith(self.Place + "/", StringComparison.Ordinal);

    /// <param name="isDead">Whether a holder is known to be dead: then the lease is taken over from it.</param>
    /// <returns>Null where someone else holds it.</returns>
    public static async Task<HeldLease?> TryTakeAsync(
        ILeases leases, ServerSelf self, Func<string, bool> isDead, TimeProvider time, CancellationToken cancellationToken)
    {
        var (name, holder) = (Of(self.ServerId), $"{self.Place}/{HeldLease.NewHolder(time)}");
        if (await HeldLease.TryTakeAsync(leases, name, holder, Duration, time, cancellationToken) is { } lease) return lease;
        return await leases.HolderAsync(name, cancellationToken) is { } former && isDead(former)
            ? await HeldLease.TryTakeOverAsync(leases, name, holder, former, Duration, time, cancellationToken)
            : null;
    }
}
