using System.Globalization;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Deployments.Rollout;

/// <summary>Reads all that a rollout decides by. What it reads is never older than what this server wrote before.</summary>
internal sealed class RolloutObserver(DeploymentStores stores, DeploymentOptions options, TimeProvider time)
{
    /// <summary>Label of an instance: the deployment's generation that it was made for.</summary>
    public const string GenerationLabel = "strata/generation";

    public async Task<Observed> ObserveAsync(DeploymentResource deployment, CancellationToken cancellationToken)
    {
        var tenant = StoreQueries.Tenant(deployment.Org);
        var releases = await ReleasesAsync(deployment, new Caller(tenant, RolloutController.Actor), cancellationToken);
        var instances = new List<InstanceResource>();
        await foreach (var instance in stores.Instances.AllAsync(tenant, StoreQueries.OfDeployment(deployment.Id), cancellationToken)) instances.Add(instance);
        var lost = instances.Exists(x => x.Spec.Node is not null) ? await LostNodesAsync(instances, cancellationToken) : [];
        var view = new RolloutView
        {
            State = deployment.State,
            Replicas = deployment.Spec.Run.Replicas,
            Generation = deployment.Spec.Generation,
            Wanted = deployment.Spec.Release,
            Serving = deployment.Status.Release,
            Releases = releases.ToDictionary(x => x.Id, ToView),
            Instances = instances.ConvertAll(x => ToView(x, lost)),
            Now = time.GetUtcNow(),
        };
        return new Observed(view, releases.ToDictionary(x => x.Id));
    }

    private async Task<List<ReleaseResource>> ReleasesAsync(DeploymentResource deployment, Caller caller, CancellationToken cancellationToken)
    {
        var releases = new List<ReleaseResource>();
        foreach (var id in new[] { deployment.Spec.Release, deployment.Status.Release }.OfType<string>().Distinct())
        {
            var found = await stores.Releases.GetAsync(caller, id, AsOf.Latest, cancellationToken);
            if (found.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
            if (found.IsOk && found.Value.Spec.Deployment == deployment.Id) releases.Add(found.Value);
        }
        return releases;
    }

    /// <summary>Ids of the instances' nodes that have been down for too long, or are not there any more.</summary>
    private async Task<HashSet<string>> LostNodesAsync(List<InstanceResource> instances, CancellationToken cancellationToken)
    {
        var lost = instances.Select(x => x.Spec.Node).OfType<string>().ToHashSet(StringComparer.Ordinal);
        await foreach (var node in stores.Nodes.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            if (node.State != NodeStates.Down || time.GetUtcNow() - node.UpdatedAt < options.NodeLostAfter) lost.Remove(node.Id);
        }
        return lost;
    }

    private static ReleaseView ToView(ReleaseResource release) => new(
        release.Id, release.Name, release.State == ReleaseStates.Ready, release.Status.Static ? release.Status.Image : null,
        TimeSpan.FromSeconds((release.Spec.Health ?? new HealthCheck()).GraceSeconds));

    private static InstanceView ToView(InstanceResource instance, HashSet<string> lost) => new(
        instance.Id, instance.Spec.Release, Generation(instance), instance.State, instance.CreatedAt, instance.UpdatedAt,
        instance.Spec.Node is { } node && lost.Contains(node), instance.Status.Message);

    private static int Generation(InstanceResource instance) =>
        instance.Labels.TryGetValue(GenerationLabel, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : 0;
}

/// <param name="Releases">By id: those of the view, whole.</param>
internal sealed record Observed(RolloutView View, IReadOnlyDictionary<string, ReleaseResource> Releases);
