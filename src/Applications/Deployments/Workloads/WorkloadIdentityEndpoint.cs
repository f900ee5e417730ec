using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.Tokens;
using Strata.Nodes.Api;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Workloads;

/// <summary>
/// POST /api/v1/identity/token: an instance gets, for the token that it has (STRATA_TOKEN), one with which it proves to a system outside of
/// the cloud what it is. The caller is the instance itself, so nothing names it.
/// </summary>
internal sealed class WorkloadIdentityEndpoint(
    ResourceStore<TokenSpec, TokenStatus> tokens, ResourceStore<InstanceSpec, InstanceStatus> instances,
    ResourceStore<DeploymentSpec, DeploymentStatus> deployments, ResourceStore<ProjectSpec, Nothing> projects,
    ResourceStore<OrganizationSpec, Nothing> organizations, IWorkloadTokens issuer)
{
    public const string Permission = "identity.token";
    private const int BodyBytesMax = 4096;

    private static readonly Error NotAnInstance = new(
        ErrorKind.Forbidden, "FORBIDDEN",
        "Only an instance of a deployment gets a token that says what it is, and your token is not an instance's.",
        "Call it from the application itself, with its STRATA_TOKEN.");

    private static readonly Error Over = new(
        ErrorKind.Conflict, "INSTANCE_OVER", "The instance of this token, or its deployment, has ended: it gets no token.");

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi("POST", "/api/v1/identity/token", Permission, new Operation
    {
        Id = "issueWorkloadToken", Tag = "tokens",
        Summary = "Exchange an instance's own token for a JSON Web Token that says to one outside system what the instance is.",
        Body = Content.Json(Schemas.Closed([("audience", Schemas.Text())], "audience")),
        Answer = Content.Json(Schemas.Members([("token", Schemas.Text()), ("expiresAt", Schemas.Time())], "token", "expiresAt")),
        Repeatable = "It makes one more token, which expires; nothing is kept.",
    }, IssueAsync).InProject();

    private async Task<Result<Answer>> IssueAsync(ApiCall call)
    {
        if (!(await AudienceAsync(call)).TryGet(out var audience, out var error)) return error;
        if (!(await FindAsync(call)).TryGet(out var workload, out error)) return error;
        if (!(await issuer.IssueAsync(workload, audience, call.Aborted)).TryGet(out var issued, out error)) return error;
        call.Http.Response.Headers.CacheControl = "no-store";
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("token", issued.Token);
            json.WriteString("expiresAt", issued.ExpiresAt.UtcDateTime);
            json.WriteEndObject();
        });
    }

    private static async ValueTask<Result<string>> AudienceAsync(ApiCall call)
    {
        if (!(await call.ReadObjectAsync(BodyBytesMax, "application/json")).TryGet(out var body, out var error)) return error;
        using (body)
        {
            var others = body.RootElement.EnumerateObject().Select(m => m.Name).Where(n => n != "audience");
            if (others.FirstOrDefault() is { } other)
                return ApiErrors.BadRequest($"\"{other.Shortened(100)}\" in the body is not known here.", "Send audience alone.");
            return body.RootElement.TryGetProperty("audience", out var audience) && audience.ValueKind == JsonValueKind.String
                ? audience.GetString()! : ApiErrors.BodyValue("audience", "text: the audience that the outside system expects");
        }
    }

    /// <summary>What the caller is, as its organization has it now.</summary>
    private async ValueTask<Result<Workload>> FindAsync(ApiCall call)
    {
        var (principal, stopped) = (call.Principal, call.Aborted);
        if (principal.Token is not { } id || principal.IsPlatform) return NotAnInstance;
        var caller = new Caller(principal.Tenant, principal.Actor);
        var token = await tokens.GetAsync(caller, TokenKind.Kind.IdOf(id), AsOf.Latest, stopped);
        if (!token.IsOk || InstanceTokens.InstanceOf(token.Value) is not { } instanceId) return NotAnInstance;
        if (!(await instances.GetAsync(caller, instanceId, AsOf.Latest, stopped)).TryGet(out var instance, out _)
            || instance.State is InstanceStates.Stopped or InstanceStates.Failed
            || !(await deployments.GetAsync(caller, instance.Spec.Deployment, AsOf.Latest, stopped)).TryGet(out var deployment, out _)
            || !(await projects.GetAsync(caller, instance.Project!, AsOf.Latest, stopped)).TryGet(out var project, out _)
            || !(await organizations.GetAsync(new Caller(TenantId.Platform, principal.Actor), $"{principal.Tenant}", AsOf.Latest, stopped))
                .TryGet(out var organization, out _)) return Over;
        return new Workload(
            (organization.Name, organization.Id), (project.Name, project.Id), (deployment.Name, deployment.Id), instance.Id,
            instance.Spec.Release, instance.Spec.Node);
    }
}
