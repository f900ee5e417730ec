using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Secrets.Values;

namespace Strata.Deployments.Variables;

/// <summary>
/// POST /api/v1/instances/{nameOrId}/variables: the agent of an instance's node gets the values of variables that refer to secrets, for an
/// instance that it is about to start.
/// </summary>
internal sealed class InstanceVariablesEndpoint(
    ResourceAccess access, ResourceStore<InstanceSpec, InstanceStatus> instances,
    ResourceStore<DeploymentSpec, DeploymentStatus> deployments, VariableResolver resolver)
{
    private static readonly Error NotAnAgent = new(
        ErrorKind.Forbidden, "FORBIDDEN", "Only the agent of the node that runs an instance gets its variables with the values of secrets.",
        "To see a secret's value: strata secrets reveal NAME");

    private static readonly Error Over = new(
        ErrorKind.Conflict, "INSTANCE_OVER", "The instance, or its deployment, has ended: it gets no variables.");

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "POST", "/api/v1/instances/{nameOrId}/variables", NodeKinds.Instance.ControlPermission, new Operation
        {
            Id = "readInstanceVariables", Tag = "instances",
            Summary = "The instance's variables that refer to secrets, with the secrets' values of now; for the node's agent.",
            Parameters = [ResourceAccess.Org],
            Answer = Content.Json(Schemas.Members([("variables", Schemas.Map(Schemas.Text()))], "variables")),
            Repeatable = "It changes nothing.",
        }, ReadAsync);

    private async Task<Result<Answer>> ReadAsync(ApiCall call)
    {
        if (call.Principal.Node is null) return NotAnAgent;
        if (!(await access.FindAsync(call, NodeKinds.Instance, NodeKinds.Instance.ControlPermission)).TryGet(out var found,
            out var error)) return error;
        var instance = instances.ToResource(found.Revision);
        if (instance.State is InstanceStates.Stopping or InstanceStates.Stopped or InstanceStates.Failed) return Over;
        // Its labels decide, and not the instance's own: they are what rights to deploy were decided by.
        var read = await deployments.GetAsync(found.Caller, instance.Spec.Deployment, AsOf.Latest, call.Aborted);
        if (!read.TryGet(out var deployment, out error)) return error.Kind == ErrorKind.NotFound ? Over : error;
        if (deployment.Project != instance.Project) return Over;
        var user = SecretUser.Of(found.Caller.Tenant, deployment);
        if (!(await resolver.ResolveAsync(instance.Spec.Env, user, call.Aborted)).TryGet(out var variables, out error)) return error;
        call.Http.Response.Headers.CacheControl = "no-store";
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("variables");
            foreach (var (name, value) in variables) json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }
}
