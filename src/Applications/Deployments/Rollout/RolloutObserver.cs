using System.Globalization;
using Strata.Contracts;
using Strata.Core;
using Strata.Nodes.Kinds;

namespace Strata.Deployments.Rollout;

/// <summary>
/// Looks at all that a rollout decides by, in memory. What it sees is never older than what this server wrote before. What another server
/// wrote may come later, and an instance and its node are in different logs: a node is missing only once the view has caught up with the
/// platform's log.
/// </summary>
internal sealed class RolloutObserver(DeploymentViews views, DeploymentOptions options, TimeProvider time)
{
    /// <summary>Label of an instance: the deployment's generation that it was created for.</summary>
    public const string GenerationLabel = "strata/generation";

    private readonly DateTimeOffset since = time.GetUtcNow();

    public async ValueTask<Observed> ObserveAsync(DeploymentResource deployment, CancellationToken cancellationToken)
    {
        var releases = Releases(deployment);
        var instances = views.InstancesOf(deployment);
        var now = time.GetUtcNow();
        await KnowNodesAsync(instances, cancellationToken);
        var (lost, lostNext) = LostNodes(instances, now);
        var view = new RolloutView
        {
            State = deployment.State,
            Replicas = deployment.Spec.Run.Replicas,
            Generation = deployment.Spec.Generation,
            Wanted = deployment.Spec.Release,
            Serving = deployment.Status.Release,
            Releases = releases.ToDictionary(x => x.Id, ToView),
            Instances = [.. instances.Select(x => ToView(x, lost))],
            Now = now,
            Since = since,
        };
        return new Observed(view, releases.ToDictionary(x => x.Id), RolloutDecision.Sooner(lostNext, KeptUntil(view)));
    }

    private List<ReleaseResource> Releases(DeploymentResource deployment)
    {
        var tenant = StoreQueries.Tenant(deployment.Org);
        var releases = new List<ReleaseResource>();
        foreach (var id in new[] { deployment.Spec.Release, deployment.Status.Release }.OfType<string>().Distinct())
        {
            if (views.Releases.Get(tenant, id) is { } release && release.Spec.Deployment == deployment.Id) releases.Add(release);
        }
        return releases;
    }

    /// <summary>Costs a read of the store only while an instance is on a node that the view does not hold.</summary>
    private async ValueTask KnowNodesAsync(IReadOnlyList<InstanceResource> instances, CancellationToken cancellationToken)
    {
        if (instances.All(x => x.Spec.Node is not { } node || views.Nodes.Get(TenantId.Platform, node) is not null)) return;
        await views.Hub.CatchUpWithStoreAsync(TenantId.Platform, cancellationToken);
    }

    /// <summary>
    /// Ids of the instances' nodes that have been down for too long, or no longer exist; and when the next one reaches that limit.
    /// </summary>
    private (HashSet<string> Lost, TimeSpan? Next) LostNodes(IReadOnlyList<InstanceResource> instances, DateTimeOffset now)
    {
        var lost = new HashSet<string>(StringComparer.Ordinal);
        TimeSpan? next = null;
        foreach (var id in instances.Select(x => x.Spec.Node).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            var node = views.Nodes.Get(TenantId.Platform, id);
            var left = node is null ? TimeSpan.Zero : node.State != NodeStates.Down
                ? (TimeSpan?)null : node.UpdatedAt + options.NodeLostAfter - now;
            if (left is { } wait && wait > TimeSpan.Zero) next = RolloutDecision.Sooner(next, wait);
            else if (left is not null) lost.Add(id);
        }
        return (lost, next);
    }

    /// <summary>When the next ended instance is no longer kept: nothing else wakes the rollout then.</summary>
    private TimeSpan? KeptUntil(RolloutView view)
    {
        TimeSpan? next = null;
        foreach (var x in view.Instances.Where(x =>
            x.State is InstanceStates.Stopped or InstanceStates.Failed || (x.Lost && x.State == InstanceStates.Stopping)))
        {
            var left = x.ChangedAt + options.StoppedKept - view.Now;
            if (left > TimeSpan.Zero) next = RolloutDecision.Sooner(next, left);
        }
        return next;
    }

    private static ReleaseView ToView(ReleaseResource release) => new(
        release.Id, release.Name, release.State == ReleaseStates.Ready, release.Status.Static ? release.Status.Image : null,
        TimeSpan.FromSeconds((release.Spec.Health ?? new HealthCheck()).GraceSeconds));

    private static InstanceView ToView(InstanceResource instance, HashSet<string> lost) => new(
        instance.Id, instance.Spec.Release, Generation(instance), instance.State, instance.CreatedAt, instance.UpdatedAt,
        instance.Spec.Node is { } node && lost.Contains(node), instance.Status.Message);

    private static int Generation(InstanceResource instance) =>
        instance.Labels.TryGetValue(GenerationLabel, out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : 0;
}

/// <param name="Releases">By id: those of the view, whole.</param>
/// <param name="LookAgain">When the view will be another one although nothing changes; null: never.</param>
internal sealed record Observed(RolloutView View, IReadOnlyDictionary<string, ReleaseResource> Releases, TimeSpan? LookAgain);
