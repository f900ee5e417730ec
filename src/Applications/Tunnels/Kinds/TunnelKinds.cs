using Strata.Contracts;
using Strata.Deployments.Kinds;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;

namespace Strata.Tunnels.Kinds;

/// <summary>The kind of this module.</summary>
public static class TunnelKinds
{
    private const int TargetCharactersMax = 253;

    public static readonly Kind<TunnelSpec, TunnelStatus> Tunnel = new()
    {
        Name = "tunnel",
        Plural = Plurals.Tunnels,
        IdPrefix = "tun",
        Scope = KindScope.Project,
        Description = "A host of this cloud that a program on a developer's own machine serves.",
        Workflow = KindWorkflow.Load(typeof(TunnelKinds), "tunnel.workflow.json"),
        InitialStatus = new TunnelStatus(),
        Readers = [Roles.Viewer, Roles.Developer, Roles.Edge],
        Writers = [Roles.Developer],
        Hosts = new HostRule("status.host", [DeploymentKinds.Deployment]),
        Validate = spec => spec.Target is { Length: > TargetCharactersMax }
            ? [new("target", $"It takes up to {TargetCharactersMax} characters.")] : [],
    };
}
