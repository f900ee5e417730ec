using System.Globalization;
using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Rollout;

/// <summary>
/// Executes what a rollout has decided. A change that has become impossible meanwhile is skipped: the next decision sees why.
/// </summary>
internal sealed class RolloutExecutor(DeploymentStores stores, DeploymentViews views, ILines lines)
{
    private const string SuffixLetters = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int SuffixLength = 5;

    public async Task CreateAsync(
        Caller caller, DeploymentResource deployment, ReleaseResource release, int count, CancellationToken cancellationToken)
    {
        // Those of the deployment go with it: rights may be for resources with certain labels.
        var labels = new Dictionary<string, string>(deployment.Labels.Take(Labels.CountMax - 1))
        {
            [RolloutObserver.GenerationLabel] = deployment.Spec.Generation.ToString(CultureInfo.InvariantCulture),
        };
        for (var i = 0; i < count; i++)
        {
            var instance = new NewResource<InstanceSpec> { Name = NameFor(deployment.Name), Project = deployment.Project, Labels = labels,
                Spec = Describe(deployment, release) };
            var created = await stores.Instances.CreateAsync(caller, instance, null, cancellationToken);
            if (created.Error is { Kind: not ErrorKind.Conflict } error) throw error.ToException();
        }
    }

    /// <summary>
    /// Creates the default route if it is missing, and sets the targets of every route of the deployment: one commit each.
    /// </summary>
    /// <returns>Why the default route cannot be created: another project has its host. Null: it exists.</returns>
    public async Task<Error?> RouteAsync(
        Caller caller, DeploymentResource deployment, string host, RolloutPlan plan, CancellationToken cancellationToken)
    {
        List<RouteResource> routes = [.. views.RoutesOf(deployment)];
        Error? taken = null;
        if (deployment.State != DeploymentStates.Removing && !routes.Exists(x => x.Spec.Host == host))
        {
            var created = await CreateRouteAsync(caller, deployment, host, cancellationToken);
            if (created.TryGet(out var route, out taken)) routes.Add(route);
        }
        foreach (var route in routes)
        {
            var status = new RouteStatus { DeploymentName = deployment.Name, Targets = plan.Targets,
                Message = RolloutRouting.Named(plan.RouteMessage, deployment.Name) };
            if (TextOf(route.Status) == TextOf(status)) continue;
            Pass((await stores.Routes.ChangeAsync(caller, route.Id, x => x with { Status = status }, null, null, cancellationToken)).Error);
        }
        return taken;
    }

    public async Task MoveAsync(Caller caller, DeploymentResource deployment, RolloutPlan plan, CancellationToken cancellationToken)
    {
        foreach (var id in plan.Drain)
            Pass((await stores.Instances.ChangeAsync(caller, id, x => x, "drain", null, cancellationToken)).Error);
        foreach (var id in plan.Stop) Pass((await stores.Instances.ChangeAsync(caller, id, x => x, "stop", null, cancellationToken)).Error);
        foreach (var id in plan.Delete) await DeleteInstanceAsync(caller, id, cancellationToken);
    }

    /// <summary>Deletes all that belongs to the deployment, and the deployment last, so that an interrupted deletion can resume.</summary>
    public async Task RemoveAsync(Caller caller, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        await views.Hub.CatchUpWithStoreAsync(caller.Tenant, cancellationToken); // nothing that belongs to it may stay behind it
        foreach (var route in views.RoutesOf(deployment))
            Pass((await stores.Routes.DeleteAsync(caller, route.Id, null, cancellationToken)).Error);
        foreach (var release in views.ReleasesOf(deployment))
        {
            await lines.DeleteAsync(caller.Tenant, StoreQueries.Entity(DeploymentKinds.Release.IdPrefix, release.Id), cancellationToken);
            Pass((await stores.Releases.DeleteAsync(caller, release.Id, null, cancellationToken)).Error);
        }
        Pass((await stores.Deployments.DeleteAsync(caller, deployment.Id, null, cancellationToken)).Error);
    }

    private async Task DeleteInstanceAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        await lines.DeleteAsync(caller.Tenant, StoreQueries.Entity(NodeKinds.Instance.IdPrefix, id), cancellationToken);
        Pass((await stores.Instances.DeleteAsync(caller, id, null, cancellationToken)).Error);
    }

    /// <summary>To compare by: two lists with the same items are not equal.</summary>
    private static JsonText TextOf(RouteStatus status) => JsonText.From(status, WireJson.Of<RouteStatus>());

    /// <summary>Named like the deployment, or, where another route has that name, with a suffix.</summary>
    private async Task<Result<RouteResource>> CreateRouteAsync(
        Caller caller, DeploymentResource deployment, string host, CancellationToken cancellationToken)
    {
        Error? error = null;
        foreach (var name in new[] { deployment.Name, NameFor(deployment.Name) })
        {
            var route = new NewResource<RouteSpec> { Name = name, Project = deployment.Project, Labels = deployment.Labels,
                Spec = new RouteSpec { Host = host, Deployment = deployment.Id } };
            var created = await stores.Routes.CreateAsync(caller, route, null, cancellationToken);
            if (created.IsOk) return created;
            Pass(error = created.Error);
            if (error.Code == HostErrors.TakenCode) break;
        }
        return error!;
    }

    private static InstanceSpec Describe(DeploymentResource deployment, ReleaseResource release)
    {
        var run = release.Spec.Run ?? deployment.Spec.Run;
        return new InstanceSpec
        {
            Deployment = deployment.Id,
            Release = release.Id,
            Image = release.Status.Image!,
            Command = release.Status.Command,
            Env = release.Spec.Env ?? deployment.Spec.Env,
            Port = release.Status.Port,
            MemoryBytes = run.MemoryBytes,
            Cpu = run.Cpu,
            Health = release.Spec.Health ?? deployment.Spec.Health,
            StopGraceSeconds = run.StopGraceSeconds,
        };
    }

    private static string NameFor(string deployment)
    {
        var stem = deployment.Length <= ResourceName.LengthMax - SuffixLength - 1
            ? deployment : deployment[..(ResourceName.LengthMax - SuffixLength - 1)];
        return $"{stem.TrimEnd('-')}-{RandomNumberGenerator.GetString(SuffixLetters, SuffixLength)}";
    }

    /// <summary>Throws errors that the current state does not explain, so that the controller retries.</summary>
    private static void Pass(Error? error)
    {
        if (error is { Kind: not (ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.Invalid or ErrorKind.PreconditionFailed) })
            throw error.ToException();
    }
}
