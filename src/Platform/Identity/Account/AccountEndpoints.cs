using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Account;

/// <summary>Who the caller is, and whether the cloud is up, in the contract's words.</summary>
internal sealed class AccountEndpoints(ResourceStore<OrganizationSpec, Nothing> organizations, IEntityLog log)
{
    public const string Read = "account.read";
    private const string Tag = "account";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", "/api/account", Read, new Operation
        {
            Id = "getAccount", Summary = "Show the caller that the token belongs to.", Tag = Tag, Answer = Content.Json(Account()),
        }, GetAsync).InProject();
        routes.MapApi("GET", "/api/account/subscriptions", Read, new Operation
        {
            Id = "listSubscriptions", Summary = "Always 501: a self-hosted cloud has none.",
            Tag = Tag, Status = StatusCodes.Status501NotImplemented,
        }, _ => Task.FromResult<Result<Answer>>(IdentityErrors.NoSubscriptions));
        routes.MapGet("/api/health", HealthAsync).WithMetadata(new Operation
        {
            Id = "getEntityApiHealth", Summary = "Return whether the cloud can serve requests: UP, or 503 and DOWN.", Tag = Tag,
            Answer = Content.Json(Schemas.Members([("status", Schemas.OneOf("UP"))], "status")),
        }).Open();
    }

    private static JsonObject Account() => Schemas.Members(
        [
            ("userAccountInfo", Schemas.Members(
                [
                    ("userId", Schemas.Text()), ("userName", Schemas.Text()),
                    ("legalEntity", Schemas.Members([("id", Schemas.Text()), ("name", Schemas.Text())], "id", "name")),
                    ("roles", Schemas.List(Schemas.Members([("id", Schemas.Text())], "id"))),
                ], "userId", "userName", "legalEntity", "roles")),
        ], "userAccountInfo");

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        var principal = call.Principal;
        var id = principal.Tenant.ToString();
        var found = principal.IsPlatform
            ? null : (
                await organizations.GetAsync(new Caller(TenantId.Platform, principal.Actor), id, AsOf.Latest,
                    call.Aborted)) is { IsOk: true } one ? one.Value : null;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("userAccountInfo");
            json.WriteString("userId", principal.Actor[(principal.Actor.IndexOf(':', StringComparison.Ordinal) + 1)..]);
            json.WriteString("userName", principal.Actor);
            json.WriteStartObject("legalEntity");
            json.WriteString("id", id);
            json.WriteString("name", found?.Spec.DisplayName ?? found?.Name ?? id);
            json.WriteEndObject();
            json.WriteStartArray("roles");
            foreach (var role in principal.RoleNames)
            {
                json.WriteStartObject();
                json.WriteString("id", ContractRoles.NameOf(role));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private async Task HealthAsync(HttpContext http)
    {
        var isUp = true;
        try
        {
            await log.HeadAsync(TenantId.Platform, http.RequestAborted);
        }
        catch (StrataException)
        {
            isUp = false;
        }
        await Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("status", isUp ? "UP" : "DOWN");
            json.WriteEndObject();
        }, isUp ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable).ExecuteAsync(http);
    }
}
