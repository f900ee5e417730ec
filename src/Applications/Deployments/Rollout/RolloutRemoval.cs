
using Strata.Contracts;

namespace Strata.Deployments.Rollout;

/// <summary>The end of a deployment: no requests, every instance stopped and deleted. Pure.</summary>
internal static class RolloutRemoval
{
    public static RolloutPlan Decide(RolloutView view, RolloutRules rules)
    {
        var gone = view.Instances.Where(x => x.State == InstanceStates.Stopped || (x.Lost && x.State == InstanceStates.Stopping)).ToList();
        var running = view.Instances.Except(gone).ToList();
        return new RolloutPlan
        {
            RouteMessage = "It is being removed.",
            Stop = [.. running.Where(x => x.State != InstanceStates.Stopping).Select(x => x.Id)],
            Delete = [.. gone.Select(x => x.Id)],
            Serving = view.Serving,
            Message = running.Count == 0 ? null : $"Waits for {running.Count} instances to stop.",
            End = running.Count == 0 ? new RolloutEnd.Removed() : null,
            LookAgain = running.Count == 0 ? null : rules.Drain,
        };
    }
}
