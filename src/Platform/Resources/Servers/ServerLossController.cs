using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Resources.Servers;

/// <summary>Moves a server to DOWN when its heartbeats have ended, and deletes it a day after its end.</summary>
public sealed class ServerLossController(
    ServerSelf self, ResourceStore<ServerSpec, ServerPresence> servers, ILeases leases, TimeProvider time)
    : Controller<ServerSpec, ServerPresence>
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(1);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(3);

    public override string Name => "server-loss";

    public override Kind<ServerSpec, ServerPresence> Kind => ServerKind.Kind;

    public override async Task<TimeSpan?> ReconcileAsync(Resource<ServerSpec, ServerPresence> resource, CancellationToken cancellationToken)
    {
        var caller = CallerIn(TenantId.Platform);
        if (resource.State != ServerStates.Up)
        {
            var left = KeptFor - (time.GetUtcNow() - resource.UpdatedAt);
            if (left > TimeSpan.Zero) return left;
            var deleted = await servers.DeleteAsync(caller, resource.Id, new Revision(resource.Revision), cancellationToken);
            Check(deleted.Error);
            return null;
        }
        if (resource.Spec.ServerId == self.ServerId) return null; // this process runs: a cloud of one server asks the database nothing
        if (await leases.HolderAsync(ServerLease.Of(resource.Spec.ServerId), cancellationToken) is not null) return Look;
        var lastBeat = time.GetUtcNow() - ServerLease.Duration;
        var taken = await servers.ChangeAsync(
            caller, resource.Id, s => s with { Status = s.Status with { Heartbeat = Later(s.Status.Heartbeat, lastBeat) } }, "down",
            new Revision(resource.Revision), cancellationToken);
        Check(taken.Error);
        return null;
    }

    private static DateTimeOffset? Later(DateTimeOffset? recorded, DateTimeOffset assumed) => recorded > assumed ? recorded : assumed;

    /// <summary>Changed meanwhile: the change wakes this controller again.</summary>
    private static void Check(Error? error)
    {
        if (error is { Kind: not (ErrorKind.PreconditionFailed or ErrorKind.Conflict or ErrorKind.NotFound) }) throw error.ToException();
    }
}
