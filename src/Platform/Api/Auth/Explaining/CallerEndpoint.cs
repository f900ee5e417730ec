using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Explaining;

/// <summary>
/// Who the caller is and what it may do: /api/v1/access/me. A program finds out in one call what it would otherwise find out one refusal
/// at a time.
/// </summary>
internal sealed class CallerEndpoint(
    RoleCatalog catalog, IReadOnlyCollection<Kind> kinds, IEnumerable<IAccessHolders> holders,
    ResourceStore<TokenSpec, TokenStatus> tokens, EntityEngine engine, TimeProvider time)
{
    /// <summary>Every role but those of nodes and edges holds it.</summary>
    public const string Read = "access.me";
    private const string System = "system:access";

    /// <summary>Bindings that are shown; "access bindings" lists all.</summary>
    private const int BoundMax = 100;
    private const int ScopeLengthMax = 300;

    private readonly ResourceStore<OrganizationSpec, Nothing> organizations = new(engine, OrganizationKind.Kind, time);
    private readonly ResourceStore<ProjectSpec, Nothing> projects = new(engine, ProjectKind.Kind, time);

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapApi("GET", "/api/v1/access/me", Read, new Operation
        {
            Id = "getCaller", Summary = "Show who the token of the call is: its organization, project, roles and permissions.",
            Tag = "access",
            Answer = Content.Json(Description()),
        }, GetAsync).InProject().DecidedByResource();

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        var principal = call.Principal;
        var organization = principal.IsPlatform ? null
            : (await FindAsync(organizations, TenantId.Platform, principal.Tenant.ToString(), call.Aborted))?.Name;
        var project = principal.Project is { } id ? (await FindAsync(projects, principal.Tenant, id, call.Aborted))?.Name : null;
        // An operator's token is not one of the organization that it acts in.
        var token = principal.Token is { } own && !principal.IsOperatorElsewhere
            ? await FindAsync(tokens, principal.Tenant, TokenKind.Kind.IdOf(own), call.Aborted) : null;
        var bound = await BoundAsync(principal, call.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("actor", principal.Actor);
            Write(json, "organization", principal.Tenant.ToString(), organization);
            if (principal.Project is { } only) Write(json, "project", only, project);
            Write(json, "roles", principal.RoleNames);
            if (bound.Count > 0) Write(json, bound);
            Write(json, "permissions", catalog.Declared.Where(p => Allows(principal, p)).Order(StringComparer.Ordinal));
            json.WriteBoolean("isOperator", principal.IsOperator);
            if (principal.Person is { } person) Write(json, person, principal);
            if (token is not null)
            {
                json.WriteStartObject("token");
                json.WriteString("id", token.Id);
                json.WriteString("name", token.Name);
                if (token.Spec.ExpiresAt is { } end) json.WriteString("expiresAt", end);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });
    }

    /// <summary>
    /// The roles that a person or a client holds by bindings, for a part of the organization or for a while; with those of a membership in
    /// one project. A program that acts for a person learns nothing of why they have their rights.
    /// </summary>
    private async ValueTask<IReadOnlyList<BoundRoles>> BoundAsync(Principal principal, CancellationToken cancellationToken)
    {
        var kind = principal switch
        {
            { IsPlatform: true } or { IsOperatorElsewhere: true } or { Person.ByProgram: true } => null,
            { Person: not null } => "person",
            { Client: not null } => "client",
            _ => null,
        };
        if (holders.FirstOrDefault(h => h.Kind == kind) is not { } source
            || await source.FindAsync(principal.Tenant, NameOf(principal),
                cancellationToken) is not { Principal: { } held } holder) return [];
        var names = new ProjectNames(engine.Log, principal.Tenant);
        await names.LearnAsync(held, cancellationToken);
        // Its own roles come first, all for one scope; what bindings add follows.
        var isOwnOfAll = held.Grants[0].Scope == GrantScope.Organization || holder.Roles.All(r => r.By is null);
        var rights = from role in holder.Roles
                     where role.By is null ? !isOwnOfAll : role.By.Grants.Count > 0
                     let grant = role.By?.Grants[0] ?? held.Grants[0]
                     group role.Name by (By: role.By?.Text ?? "the membership", grant.Scope, grant.Until);
        return [.. rights.Take(BoundMax).Select(r =>
            new BoundRoles([.. r], r.Key.By, ProjectNames.Text(r.Key.Scope, names)?.Shortened(ScopeLengthMax), r.Key.Until))];
    }

    private static string NameOf(Principal principal) => principal.Actor[(principal.Actor.LastIndexOf(':') + 1)..];

    /// <summary>As "access explain" says: what belongs to the cloud itself is for operators.</summary>
    private bool Allows(Principal principal, string permission) =>
        new AccessQuestion(permission, kinds.FirstOrDefault(k => k.HasPermission(permission)), null).Answer(principal).Allowed;

    /// <returns>Null: it is gone.</returns>
    private static async ValueTask<Resource<TSpec, TStatus>?> FindAsync<TSpec, TStatus>(
        ResourceStore<TSpec, TStatus> store, TenantId tenant, string id, CancellationToken cancellationToken)
        where TSpec : class where TStatus : class, new()
    {
        var found = await store.GetAsync(new Caller(tenant, System), id, AsOf.Latest, cancellationToken);
        return found.IsOk ? found.Value : null;
    }

    /// <summary>The id is left out: people are known by their names, and only operators see the cloud's people.</summary>
    private static void Write(Utf8JsonWriter json, SignedInPerson person, Principal principal)
    {
        json.WriteStartObject("person");
        json.WriteString("name", NameOf(principal));
        json.WriteString("email", person.Email);
        if (person.DisplayName is { } name) json.WriteString("displayName", name);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string member, string id, string? name)
    {
        json.WriteStartObject(member);
        json.WriteString("id", id);
        json.WriteString("name", name ?? id);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string member, IEnumerable<string> values)
    {
        json.WriteStartArray(member);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<BoundRoles> bound)
    {
        json.WriteStartArray("bindings");
        foreach (var right in bound)
        {
            json.WriteStartObject();
            Write(json, "roles", right.Roles);
            json.WriteString("by", right.By);
            if (right.Scope is { } scope) json.WriteString("scope", scope);
            if (right.Until is { } until) json.WriteString("expiresAt", until);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static JsonObject Description() => Schemas.Members(
        [
            ("actor", Schemas.Text()), ("organization", Named()), ("project", Named()), ("roles", Schemas.List(Schemas.Text())),
            ("bindings", Schemas.List(Schemas.Members(
                [("roles", Schemas.List(Schemas.Text())), ("by", Schemas.Text()), ("scope", Schemas.Text()), ("expiresAt", Schemas.Time())],
                "roles", "by"))),
            ("permissions", Schemas.List(Schemas.Text())), ("isOperator", Schemas.Flag()),
            ("person", Schemas.Members(
                [("name", Schemas.Text()), ("email", Schemas.Text()), ("displayName", Schemas.Text())], "name", "email")),
            ("token", Schemas.Members(
                [("id", Schemas.Text()), ("name", Schemas.Text()), ("expiresAt", Schemas.Time())], "id", "name")),
        ], "actor", "organization", "roles", "permissions", "isOperator");

    /// <param name="Scope">For which resources, after "for"; null: all of the organization.</param>
    private sealed record BoundRoles(IReadOnlyList<string> Roles, string By, string? Scope, DateTimeOffset? Until);

    private static JsonObject Named() => Schemas.Members([("id", Schemas.Text()), ("name", Schemas.Text())], "id", "name");
}
