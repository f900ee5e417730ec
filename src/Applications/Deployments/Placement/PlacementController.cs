using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Placement;

/// <summary>
/// Gives each PENDING instance a node that is up, takes new instances and has room, as long as its organization stays within its quota. One
/// at a time, because each placement changes the loads, which <see cref="PlacementBook"/> keeps.
/// <para>Invariant: no node is promised twice. What was placed here counts at once; where the outcome of a placement is not known, the view
/// catches up with the log before the next one; what another server has placed in a former term is in the view when this server's term
/// begins.</para>
/// </summary>
internal sealed class PlacementController(
    DeploymentStores stores, DeploymentViews views, IPlacementStrategy strategy, DeploymentOptions options)
    : Controller<InstanceSpec, InstanceStatus>
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    private readonly PlacementBook book = new(views);

    /// <summary>The organization of a placement whose outcome is unknown; null: all outcomes are known.</summary>
    private TenantId? unsure;

    public override string Name => "placement";

    public override Kind<InstanceSpec, InstanceStatus> Kind => NodeKinds.Instance;

    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(InstanceResource resource, CancellationToken cancellationToken)
    {
        if (resource.State != InstanceStates.Pending) return null;
        if (unsure is { } tenant) await views.Hub.CatchUpWithStoreAsync(tenant, cancellationToken);
        unsure = null;
        var need = new InstanceNeed(resource.Spec.Deployment, resource.Spec.MemoryBytes, resource.Spec.Cpu);
        var look = book.Look(resource);
        // Nothing is promised where nothing is up; the message for that says more.
        var refused = look.Nodes.Count == 0 ? null : OrganizationQuota.Refuse(need, look.Own, look.Nodes, options.Quota, look.IsUpdate);
        var node = refused is null ? strategy.Pick(need, [.. look.Nodes.Where(x => x.HasRoom(need))]) : null;
        if (node is null)
        {
            var message = refused ?? Why(need, look.Nodes);
            if (resource.Status.Message != message) await ExplainAsync(resource, message, cancellationToken);
            return RetryInterval;
        }
        unsure = StoreQueries.Tenant(resource.Org);
        if (await ChangeAsync(resource, Place, "place", cancellationToken) is { } placed) book.Assume(placed);
        unsure = null;
        return null;

        InstanceResource Place(InstanceResource x) =>
            x with { Spec = x.Spec with { Node = node }, Status = x.Status with { Message = null } };
    }

    private Task ExplainAsync(InstanceResource resource, string message, CancellationToken cancellationToken) =>
        ChangeAsync(resource, x => x with { Status = x.Status with { Message = message } }, null, cancellationToken);

    private static string Why(InstanceNeed need, IReadOnlyCollection<NodeLoad> nodes) => nodes.Count == 0
        ? "No node that is up accepts new instances; see: strata get nodes"
        : string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"None of the {nodes.Count} nodes that are up has {ByteText.Format(need.MemoryBytes)} of memory "
            + $"and {need.Cpu} cores left to reserve; lower run.memoryBytes or run.cpu, or add a node.");

    /// <returns>As it is now; null: it is not waiting any more.</returns>
    private async Task<InstanceResource?> ChangeAsync(
        InstanceResource resource, Func<InstanceResource, InstanceResource> change, string? transition, CancellationToken cancellationToken)
    {
        var caller = CallerIn(StoreQueries.Tenant(resource.Org));
        var changed = await stores.Instances.ChangeAsync(
            caller, resource.Id, x => x.State == InstanceStates.Pending ? change(x) : MovedOn, transition, null, cancellationToken);
        if (changed.Error is { } error && error != MovedOn && error.Kind != ErrorKind.NotFound) throw error.ToException();
        return changed.IsOk ? changed.Value : null;
    }

    /// <summary>The rollout has stopped it meanwhile; never leaves this class.</summary>
    private static readonly Error MovedOn = new(ErrorKind.Conflict, "MOVED_ON", "The instance is no longer waiting.");
}
