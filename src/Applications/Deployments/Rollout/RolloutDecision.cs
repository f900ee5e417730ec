
using Strata.Contracts;
using Strata.Core;

namespace Strata.Deployments.Rollout;

/// <summary>
/// Decides how a deployment gets from its present state to the wanted one. Pure: the same view gives the same plan.
/// <para>New instances start beside the old ones; when as many of them are ready as are wanted, requests move over in one step, and only
/// then the old ones drain and stop. So until then no ready instance that serves is touched, and requests always have a target while any
/// instance is ready. An instance of the wanted release that fails ends the rollout; what served before is kept running as if the rollout
/// had never happened.</para>
/// </summary>
internal static class RolloutDecision
{
    public static RolloutPlan Decide(RolloutView view, RolloutRules rules)
    {
        if (view.State == DeploymentStates.Removing) return RolloutRemoval.Decide(view, rules);
        if (view.State == DeploymentStates.Failed) return Keep(view, rules);
        if (FindFault(view, rules) is not { } fault)
            return Drive(view, rules, view.Wanted is { } wanted ? view.Releases[wanted] : null, view.Generation);
        return view.State == DeploymentStates.RollingOut
            ? Keep(view, rules) with { End = new RolloutEnd.Fail(fault) } : Keep(view, rules) with { Message = fault };
    }

    /// <summary>Keeps the serving instances running, whatever their generation.</summary>
    private static RolloutPlan Keep(RolloutView view, RolloutRules rules) =>
        Drive(view with { State = DeploymentStates.Failed }, rules,
            view.Serving is { } serving ? view.Releases.GetValueOrDefault(serving) : null, 0);

    private static RolloutPlan Drive(RolloutView view, RolloutRules rules, ReleaseView? target, int generation)
    {
        var roles = new RolloutRoles(view, target, generation);
        var routing = RolloutRouting.Decide(roles);
        var cleaning = RolloutCleaning.Decide(roles, rules, routing);
        var (create, wait) = Creation(roles, rules);
        return new RolloutPlan
        {
            Create = create,
            Targets = routing.Targets,
            RouteMessage = routing.Message,
            Drain = cleaning.Drain,
            Stop = cleaning.Stop,
            Delete = cleaning.Delete,
            End = roles.Switched && view.State == DeploymentStates.RollingOut ? new RolloutEnd.Settle() : null,
            Serving = roles.Switched && target is not null ? target.Id : view.Serving,
            Ready = view.Instances.Count(
                x => x.IsReady && !cleaning.Drain.Contains(x.Id) && routing.Targets.Any(t => t.Release == x.Release)),
            Message = Waiting(roles),
            LookAgain = Sooner(
                Sooner(cleaning.LookAgain, wait), view.State == DeploymentStates.RollingOut ? TimeSpan.FromSeconds(5) : null),
        };
    }

    /// <summary>Why the wanted release will not start; null as long as it may.</summary>
    private static string? FindFault(RolloutView view, RolloutRules rules)
    {
        if (view.Wanted is not { } wanted) return view.State == DeploymentStates.RollingOut
            ? "It has no release yet. Deploy it with: strata deploy" : null;
        if (!view.Releases.TryGetValue(wanted, out var release))
            return "The release that should run no longer exists. List releases with: strata get releases";
        if (!release.Ready) return $"Release {release.Name} is not built, so it cannot run. List releases with: strata get releases";
        if (view.State != DeploymentStates.RollingOut || view.Replicas == 0) return null;
        var current = view.Instances.Where(x => x.Release == wanted && x.Generation >= view.Generation && !x.Lost).ToList();
        if (current.Find(x => x.State == InstanceStates.Failed) is { } failed)
            return $"Release {release.Name} did not become healthy: {failed.Message ?? "an instance of it failed."}";
        return current.Find(x => IsOverdue(x, release, rules, view)) is { } late
            ? $"Release {release.Name} did not start in time: {late.Message ?? Late(late)}" : null;
    }

    private static bool IsOverdue(InstanceView instance, ReleaseView release, RolloutRules rules, RolloutView view)
    {
        var took = view.Now - (instance.CreatedAt > view.Since ? instance.CreatedAt : view.Since);
        return instance.State switch
        {
            InstanceStates.Pending or InstanceStates.Assigned => took > rules.Placement,
            InstanceStates.Starting or InstanceStates.Backoff or InstanceStates.Unready =>
                took > rules.Placement + release.Grace + release.Grace,
            _ => false,
        };
    }

    private static string Late(InstanceView instance) => instance.State switch
    {
        InstanceStates.Pending => "no node accepted its instance.",
        InstanceStates.Assigned => "its node did not start the instance.",
        _ => "its instance never became ready.",
    };

    private static ((string Release, int Count)? Create, TimeSpan? Wait) Creation(RolloutRoles roles, RolloutRules rules)
    {
        var missing = roles.Replicas - roles.Current.Count;
        if (roles.Target is null || missing <= 0) return (null, null);
        // Each failed one delays only its own replacement; other wanted instances do not wait.
        if (missing > roles.Failed.Count) return ((roles.Target.Id, missing - roles.Failed.Count), null);
        var due = roles.Failed.Max(x => x.ChangedAt) + new ExponentialBackOff(rules.BackOff, rules.BackOffMax).After(roles.Failed.Count);
        return due <= roles.View.Now ? ((roles.Target.Id, missing), null) : (null, due - roles.View.Now);
    }

    private static string? Waiting(RolloutRoles roles)
    {
        if (roles.Target is null || roles.Switched) return null;
        var reason = roles.Current.Concat(roles.Failed).FirstOrDefault(x => !x.IsReady && x.Message is not null)?.Message;
        return $"{roles.Ready.Count} of {roles.Replicas} instances of {roles.Target.Name} are ready{(reason is null ? "." : ": " + reason)}";
    }

    internal static TimeSpan? Sooner(TimeSpan? a, TimeSpan? b) => a is { } x && b is { } y ? (x < y ? x : y) : a ?? b;
}
