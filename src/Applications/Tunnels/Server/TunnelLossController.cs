using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;
using Strata.Tunnels.Kinds;

namespace Strata.Tunnels.Server;

/// <summary>The lease that a connected machine's server holds.</summary>
internal static class TunnelLease
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    public static string Of(string tunnel) => "tunnel/" + tunnel;

    /// <summary>A holder for one session of a machine.</summary>
    public static string NewHolder(string machine, TimeProvider time) => $"{machine}/{Guid.CreateVersion7(time.GetUtcNow()):n}";

    /// <summary>Whether the holder is a session of this machine.</summary>
    public static bool IsOf(string holder, string machine) =>
        holder.LastIndexOf('/') is >= 0 and var end && holder.AsSpan(0, end).SequenceEqual(machine);
}

/// <summary>Moves a tunnel back to WAITING whose server died with the machine's connection.</summary>
internal sealed class TunnelLossController(ResourceStore<TunnelSpec, TunnelStatus> tunnels, ILeases leases)
    : Controller<TunnelSpec, TunnelStatus>
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    public override string Name => "tunnel-loss";

    public override Kind<TunnelSpec, TunnelStatus> Kind => TunnelKinds.Tunnel;

    public override async Task<TimeSpan?> ReconcileAsync(Resource<TunnelSpec, TunnelStatus> resource, CancellationToken cancellationToken)
    {
        if (resource.State != TunnelStates.Connected) return null;
        if (await leases.HolderAsync(TunnelLease.Of(resource.Id), cancellationToken) is not null) return Look;
        if (!IdText.TryParse("org", resource.Org, out var org)) return null;
        var caller = CallerIn(new TenantId(org));
        var taken = await tunnels.ChangeAsync(
            caller, resource.Id, now => TunnelDirectory.Waiting(now), "disconnect", new Revision(resource.Revision), cancellationToken);
        // Changed meanwhile: the change wakes this controller again.
        if (!taken.IsOk && taken.Error.Kind is not (ErrorKind.PreconditionFailed or ErrorKind.Conflict or ErrorKind.NotFound))
            throw taken.Error.ToException();
        return null;
    }
}
