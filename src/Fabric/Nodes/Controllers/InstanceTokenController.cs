using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Nodes.Api;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Controllers;

/// <summary>Revokes the token of an instance that has ended.</summary>
public sealed class InstanceTokenController(InstanceTokens tokens, TimeProvider time) : Controller<InstanceSpec, InstanceStatus>
{
    /// <summary>Revoking again is harmless but costs a scan, so that only fresh ends are looked at.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    public override string Name => "instance-token";

    public override Kind<InstanceSpec, InstanceStatus> Kind => NodeKinds.Instance;

    public override TimeSpan Period => TimeSpan.FromMinutes(5);

    public override async Task<TimeSpan?> ReconcileAsync(
        Resource<InstanceSpec, InstanceStatus> resource, CancellationToken cancellationToken)
    {
        var hasEnded = resource.State is InstanceStates.Stopped or InstanceStates.Failed;
        if (!hasEnded || time.GetUtcNow() - resource.UpdatedAt > Fresh || !IdText.TryParse("org", resource.Org, out var org)) return null;
        await tokens.RevokeAsync(CallerIn(new TenantId(org)), resource.Id, cancellationToken);
        return null;
    }
}
