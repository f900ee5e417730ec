using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Secrets.Values;

namespace Strata.Deployments.Variables;

/// <summary>GET /api/v1/secrets/{nameOrId}/uses: the deployments that have a new value of the secret once they are restarted.</summary>
internal sealed class SecretUsesEndpoint(ResourceAccess access, SecretUses uses)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "GET", "/api/v1/secrets/{nameOrId}/uses", SecretKind.Kind.ReadPermission, new Operation
        {
            Id = "listSecretUses", Tag = SecretKind.Kind.Plural,
            Summary = "The deployments whose variables refer to the secret, of those that you see. "
                + "A new value reaches their instances with the next start.",
            Parameters = [ResourceAccess.Org],
            Answer = Content.Json(Schemas.Members([("deployments", Schemas.List(Schemas.Text()))], "deployments")),
        }, ListAsync).InProject().DecidedByResource();

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!(await access.FindAsync(call, SecretKind.Kind, SecretKind.Kind.ReadPermission)).TryGet(out var found,
            out var error)) return error;
        var all = await uses.OfAsync(found.Revision, call.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("deployments");
            foreach (var (revision, deployment) in all)
                if (SecretInUseGuard.Sees(call.Principal, revision)) json.WriteStringValue(deployment.Name);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }
}
