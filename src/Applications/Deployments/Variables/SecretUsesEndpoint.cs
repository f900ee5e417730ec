using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Resources.Kinds;
using Strata.Secrets.Values;

namespace Strata.Deployments.Variables;

/// <summary>GET /api/v1/secrets/{nameOrId}/uses: the deployments that have a new value of the secret once they are restarted.</summary>
internal sealed class SecretUsesEndpoint(ResourceAccess access, SecretUses uses)
{
    /// <summary>Of names in one answer.</summary>
    private const int NamesMax = 1000;

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "GET", "/api/v1/secrets/{nameOrId}/uses", SecretKind.Kind.ReadPermission, new Operation
        {
            Id = "listSecretUses", Tag = SecretKind.Kind.Plural,
            Summary = $"The deployments whose variables refer to the secret, of those that you see; at most {NamesMax}. "
                + "A new value reaches their instances with the next start.",
            Parameters = [ResourceAccess.Org],
            Answer = Content.Json(Schemas.Members([("deployments", Schemas.List(Schemas.Text()))], "deployments")),
        }, ListAsync).InProject().DecidedByResource();

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!(await access.FindAsync(call, SecretKind.Kind, SecretKind.Kind.ReadPermission)).TryGet(out var found,
            out var error)) return error;
        var project = ResourceDocument.ProjectOf(found.Revision)!;
        var all = await uses.OfAsync(found.Caller.Tenant, project, ResourceDocument.NameOf(found.Revision), call.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("deployments");
            var kind = DeploymentKinds.Deployment;
            foreach (var use in all.Where(x => call.Principal.May(kind.ReadPermission, kind, x.Revision)).Take(NamesMax))
                json.WriteStringValue(use.Deployment.Name);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }
}
