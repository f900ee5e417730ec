using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;
using Strata.Nodes.Logs;

namespace Strata.Deployments.Api;

/// <summary>The log of a build, and the output of all of a deployment's instances together.</summary>
internal sealed class DeploymentLogsEndpoints(ResourceAccess access, DeploymentStores stores, DeploymentViews views, LogStream stream)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", "/api/v1/releases/{nameOrId}/logs", "releases.read", ReleaseLogs, ReadReleaseAsync)
            .InProject().DecidedByResource();
        routes.MapApi("GET", "/api/v1/deployments/{nameOrId}/logs", "deployments.read", DeploymentLogs, ReadDeploymentAsync)
            .InProject().DecidedByResource();
    }

    private async Task<Result<Answer>> ReadReleaseAsync(ApiCall call)
    {
        if (!LogRequest.Read(call).TryGet(out var request, out var error)) return error;
        if (!(await access.FindAsync(call, DeploymentKinds.Release, "releases.read")).TryGet(out var found, out error)) return error;
        var (caller, release) = (found.Caller, stores.Releases.ToResource(found.Revision));
        IReadOnlyList<LogSource> source =
            [new(caller.Tenant, StoreQueries.Entity(DeploymentKinds.Release.IdPrefix, release.Id), release.Name)];
        return stream.Answer(
            call, "releases.read", caller.Tenant, request, () =>
                new LogView(source, IsBuilt(caller.Tenant, release.Id)), views.Releases.Untyped);
    }

    /// <summary>A build's last lines are stored before its release ends, so that a reader who sees the end has all of them.</summary>
    private bool IsBuilt(TenantId tenant, string release) =>
        views.Releases.Get(tenant, release) is not { } now || ReleaseStates.IsEnd(now.State);

    private async Task<Result<Answer>> ReadDeploymentAsync(ApiCall call)
    {
        if (!LogRequest.Read(call).TryGet(out var request, out var error)) return error;
        if (!(await access.FindAsync(call, DeploymentKinds.Deployment, "deployments.read")).TryGet(out var found, out error)) return error;
        var (caller, deployment) = (found.Caller, stores.Deployments.ToResource(found.Revision));
        return stream.Answer(
            call, "deployments.read", caller.Tenant, request, () =>
                View(caller.Tenant, deployment.Id), views.Deployments.Untyped, views.Instances.Untyped);
    }

    private LogView View(TenantId tenant, string deployment)
    {
        var sources = views.Instances.Find(InstanceIndexes.ByDeployment, tenant, deployment)
            .Select(x => new LogSource(tenant, NodeKinds.Instance.EntityOf(x.Id), x.Name));
        return new LogView([.. sources], views.Deployments.Get(tenant, deployment) is null);
    }

    private static readonly Operation ReleaseLogs = new()
    {
        Id = "readReleaseLogs", Summary = "The release's build log, one JSON object for each line; following ends with the build.",
        Tag = "releases",
        Parameters = [ResourceAccess.Org, .. LogRequest.Parameters], Answer = LogStream.Content,
    };

    private static readonly Operation DeploymentLogs = new()
    {
        Id = "readDeploymentLogs", Summary = "The output of all of the deployment's instances, one JSON object for each line.",
        Tag = "deployments",
        Parameters = [ResourceAccess.Org, .. LogRequest.Parameters], Answer = LogStream.Content,
    };
}
