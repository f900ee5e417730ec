
using Strata.Contracts;

namespace Strata.Deployments.Rollout;

/// <summary>Where requests go. Pure.</summary>
internal sealed record RolloutRouting(IReadOnlyList<RouteTarget> Targets, string? Message)
{
    public static RolloutRouting Decide(RolloutRoles roles)
    {
        var view = roles.View;
        if (roles.Target is { StaticImage: { } image }) return To(new RouteTarget(roles.Target.Id, 1, image));
        if (view.Replicas == 0 && roles.Target is not null)
            return new RolloutRouting([], "It is stopped: it was scaled to 0 replicas. Start it with: strata scale NAME --replicas 1");
        if (roles.Switched) return To(new RouteTarget(roles.Target!.Id, 1, null));
        if (view.Serving is { } serving && view.Releases.GetValueOrDefault(serving) is { StaticImage: { } files })
            return To(new RouteTarget(serving, 1, files));
        return FirstReady(roles) is { } release ? To(new RouteTarget(release, 1, null)) : NoneReady(roles);
    }

    /// <summary>The release that served so far, else the target, else anything that is ready.</summary>
    private static string? FirstReady(RolloutRoles roles)
    {
        var ready = roles.View.Instances.Where(x => x.IsReady).Select(x => x.Release).ToList();
        return new[] { roles.View.Serving, roles.Target?.Id }.FirstOrDefault(x => x is not null && ready.Contains(x))
            ?? ready.FirstOrDefault();
    }

    /// <summary>The release that served stays the target, so that requests reach it as soon as one of its instances is ready.</summary>
    private static RolloutRouting NoneReady(RolloutRoles roles) => roles.View switch
    {
        { Serving: { } serving } => new RolloutRouting([new RouteTarget(serving, 1, null)], null),
        { State: DeploymentStates.RollingOut } => new RolloutRouting([], "It is starting."),
        { State: DeploymentStates.Failed } => new RolloutRouting([],
            "Its first release failed, and there is no earlier one. See why with: strata describe NAME"),
        _ => new RolloutRouting([], "It has not been deployed yet."),
    };

    /// <summary>A message with the deployment's name where a command in it takes one.</summary>
    public static string? Named(string? message, string deployment) =>
        message?.Replace(" NAME", " " + deployment, StringComparison.Ordinal);

    private static RolloutRouting To(RouteTarget target) => new([target], null);
}
