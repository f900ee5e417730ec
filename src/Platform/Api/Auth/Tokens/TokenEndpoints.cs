using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Api.Shares;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>POST /api/v1/tokens: creates a token and returns its secret, only this once. No caller can grant more than it has.</summary>
internal sealed class TokenEndpoints(
    TokenIssuer issuer, Scoping scoping, Idempotency.Idempotency idempotency, TokenAuthenticator authenticator, RoleGrants roles,
    ResourceLimit limit, TimeProvider time)
{
    private static readonly Error AlreadyCreated = new(
        ErrorKind.Conflict, "TOKEN_ALREADY_CREATED", "This request has already created its token, and a token's secret is shown only once.",
        "Delete the token and create another.");

    private static readonly Error NotCovered = new(
        ErrorKind.Forbidden, "FORBIDDEN", "A token cannot grant more than you hold for good.",
        "Ask for fewer roles. What you hold for a while, as by a binding that ends, you cannot pass on: ask an administrator.");

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapApi("POST", "/api/v1/tokens", TokenKind.Kind.WritePermission, Describe(), CreateAsync).InProject();

    /// <summary>To call with each token that was deleted, so that it is refused at once.</summary>
    public void Revoked(EntityRevision token) => authenticator.Invalidate(token.Tenant, token.Id);

    private async Task<Result<Answer>> CreateAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        var read = await call.ReadObjectAsync(KindEndpoints.BodyBytesMax, "application/json");
        if (!read.IsOk) return read.Error;
        using var body = read.Value;
        var draft = KindBodies.ReadNew(TokenKind.Kind, body.RootElement);
        if (draft.Faults.Count > 0) return ResourceErrors.Invalid(TokenKind.Kind, draft.Faults);
        var spec = draft.Spec.To(WireJson.Of<TokenSpec>());
        if (await RefuseAsync(call, caller.Tenant, spec) is { } refused) return refused;
        var token = new NewResource<TokenSpec> { Name = draft.Name!, Labels = draft.Labels, Spec = spec };
        var sent = JsonText.From(body.RootElement).Utf8;
        return await idempotency.RunAsync(call, caller.Tenant, sent, async _ =>
        {
            if (await limit.CheckAsync(TokenKind.Kind, caller.Tenant, call.Aborted) is { } full) return full;
            var issued = await issuer.IssueAsync(caller with { Request = call.Request }, token, call.Aborted);
            return issued.IsOk ? ToAnswer(issued.Value) : issued.Error;
        }, (_, _) => Task.FromResult<Result<Answer>>(AlreadyCreated));
    }

    private async ValueTask<Error?> RefuseAsync(ApiCall call, TenantId organization, TokenSpec spec)
    {
        var principal = call.Principal;
        foreach (var name in spec.Roles)
        {
            if (await roles.FindAsync(organization, name, call.Aborted) is not { } granted) return NoRole(name);
            if (!principal.Covers(granted)) return NotCovered;
        }
        if ((spec.Actor is not null || spec.Node is not null) && (!principal.IsPlatform || principal.Node is not null))
        {
            return new Error(
                ErrorKind.Forbidden, "FORBIDDEN", "Only the platform's own parts say in whose name a token acts, and on which node.",
                "Leave out spec.actor and spec.node.");
        }
        if (spec.Roles.Any(Roles.Administrate.Contains) && FreshSignIn.RefuseFor(principal, time.GetUtcNow()) is { } stale) return stale;
        if (principal.AllowedFrom is { } allowed && !(spec.AllowedAddresses is { } asked && asked.All(n => IsWithin(n, allowed))))
        {
            return new Error(ErrorKind.Forbidden, "FORBIDDEN", "Your token is for certain networks, and so must be those that it makes.",
                "Set spec.allowedAddresses to networks of your own token.");
        }
        if (principal.Project is not { } own) return null;
        var named = spec.Project is null ? (Result<string>)"" : await scoping.ProjectIdAsync(call.Caller, spec.Project, call.Aborted);
        return named.IsOk && named.Value == own
            ? null
            : new Error(ErrorKind.Forbidden, "FORBIDDEN", "Your token is for one project, and so must be those that it makes.",
                "Set spec.project to it.");
    }

    private static bool IsWithin(string network, IReadOnlyList<System.Net.IPNetwork> allowed) =>
        System.Net.IPNetwork.TryParse(network, out var asked)
        && allowed.Any(a => a.PrefixLength <= asked.PrefixLength && a.Contains(asked.BaseAddress));

    private static Error NoRole(string name) => ResourceErrors.Invalid(TokenKind.Kind,
        [new ValidationError("spec.roles", $"There is no role \"{name}\": it is {string.Join(", ", Roles.Names)}, or one of the organization's own.")]);

    private static JsonAnswer ToAnswer(IssuedToken issued) => new(json =>
    {
        json.WriteStartObject();
        json.WriteString("token", issued.Text);
        json.WritePropertyName("resource");
        var shown = issued.Resource with { Status = new TokenStatus() };
        ResourceJson.Write(json, shown);
        json.WriteEndObject();
    }, 201) { Location = "/api/v1/tokens/" + issued.Resource.Id };

    private static Operation Describe() => new()
    {
        Id = "createToken",
        Summary = "Create a token; its text is shown only once, in this response.",
        Tag = TokenKind.Kind.Plural,
        Parameters = new KindOperations(TokenKind.Kind).Create.Parameters,
        Body = Content.Json(Schemas.Reference(KindSchemas.New(TokenKind.Kind)), example: new JsonObject
        {
            ["name"] = "ci", ["spec"] = new JsonObject { ["roles"] = new JsonArray("developer") },
        }),
        Status = 201,
        Answer = Content.Json(
            Schemas.Members(
                [("token", Schemas.Text()), ("resource", Schemas.Reference(KindSchemas.Resource(TokenKind.Kind)))], "token", "resource")),
    };
}
