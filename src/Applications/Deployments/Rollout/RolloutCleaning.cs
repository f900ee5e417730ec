
using Strata.Contracts;

namespace Strata.Deployments.Rollout;

/// <summary>Decides which instances drain, stop and are deleted. Pure.</summary>
internal sealed record RolloutCleaning(
    IReadOnlyList<string> Drain, IReadOnlyList<string> Stop, IReadOnlyList<string> Delete, TimeSpan? LookAgain)
{
    /// <summary>The ones that serve least go first.</summary>
    private static readonly string[] ByUse = [InstanceStates.Backoff, InstanceStates.Pending, InstanceStates.Assigned,
        InstanceStates.Starting, InstanceStates.Unready, InstanceStates.Ready];

    public static RolloutCleaning Decide(RolloutRoles roles, RolloutRules rules, RolloutRouting routing)
    {
        var unwanted = Surplus(roles).Concat(roles.Others.Where(x => !IsKept(x, roles, routing))).ToList();
        var view = roles.View;
        var drained = view.Instances.Where(x => x.State == InstanceStates.Draining && (x.Lost || view.Now - x.ChangedAt >= rules.Drain));
        var draining = view.Instances.Where(x => x.State == InstanceStates.Draining && !x.Lost)
            .Select(x => x.ChangedAt + rules.Drain - view.Now).Where(x => x > TimeSpan.Zero);
        var stop = unwanted.Where(x => !x.IsReady).Concat(drained).Concat(FailedToStop(roles, rules)).Concat(LostToStop(view))
            .Select(x => x.Id).Distinct();
        return new RolloutCleaning(
            [.. unwanted.Where(x => x.IsReady).Select(x => x.Id)], [.. stop], [.. Gone(view, rules)], draining.Select(x => (TimeSpan?)x)
                .Append(unwanted.Any(x => x.IsReady) ? rules.Drain : null).Min());
    }

    private static IEnumerable<InstanceView> Surplus(RolloutRoles roles) => roles.Current
        .OrderBy(x => Array.IndexOf(ByUse, x.State)).ThenByDescending(x => x.CreatedAt)
        .Take(Math.Max(0, roles.Current.Count - roles.Replicas));

    /// <summary>Until the target takes over, the serving release is left alone, and so are its companions.</summary>
    private static bool IsKept(InstanceView instance, RolloutRoles roles, RolloutRouting routing)
    {
        if (roles.Switched || roles.View.Replicas == 0) return false;
        return instance.Release == roles.View.Serving || routing.Targets.Any(x => x.Release == instance.Release);
    }

    private static IEnumerable<InstanceView> FailedToStop(RolloutRoles roles, RolloutRules rules)
    {
        var counted = roles.Switched || roles.Target is null ? []
            : roles.Failed.Where(x => roles.View.Now - x.ChangedAt < rules.Kept).OrderByDescending(x => x.ChangedAt).Take(rules.FailedKept)
            .Select(x => x.Id).ToHashSet();
        return roles.View.Instances.Where(x => x.State == InstanceStates.Failed && !counted.Contains(x.Id));
    }

    private static IEnumerable<InstanceView> LostToStop(RolloutView view) =>
        view.Instances.Where(x => x.Lost && x.State is not (InstanceStates.Stopping or InstanceStates.Stopped));

    /// <summary>
    /// A lost node's agent will never report that it stopped its instances; when it comes back it stops runs without an entity.
    /// </summary>
    private static IEnumerable<string> Gone(RolloutView view, RolloutRules rules) => view.Instances
        .Where(x => (x.State == InstanceStates.Stopped || (x.Lost && x.State == InstanceStates.Stopping))
            && view.Now - x.ChangedAt >= rules.Kept)
        .Select(x => x.Id);
}
