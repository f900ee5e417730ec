using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Explaining;

/// <summary>
/// What permissions there are, why someone holds one or does not, and who holds one: /api/v1/access. The answers come from the evaluator
/// that decides requests.
/// </summary>
internal sealed class AccessEndpoints(
    RoleCatalog catalog, Scoping scoping, IEntityLog log, IReadOnlyCollection<Kind> kinds, IReadOnlyList<IAccessHolders> holders)
{
    public const string Read = "access.read";
    private const string Tag = "access";
    private const int HoldersDefault = 100;
    private const int HoldersMax = 1000;

    private static readonly Parameter Permission =
        Parameter.Query("permission", "Its name, for example deployments.write.", Schemas.Text()) with { Required = true };

    private static readonly Parameter ResourceOf = Parameter.Query(
        "resource", "KIND/NAME or KIND/ID of a resource that the permission is about; left out: any resource.", Schemas.Text());

    private static readonly Parameter Org =
        Parameter.Query("org", "Name or id of the organization; for callers of the platform.", Schemas.Text());

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", "/api/v1/access/permissions", "kinds.read", new Operation
        {
            Id = "listPermissions", Summary = "List the permissions that roles can hold, with the built-in roles that hold them.",
            Tag = Tag, Answer = Content.Json(Schemas.Members(
                [("items", Schemas.List(Schemas.Members(
                    [("name", Schemas.Text()), ("roles", Schemas.List(Schemas.Text()))], "name", "roles")))], "items")),
        }, _ => Task.FromResult<Result<Answer>>(Answer.Json(WritePermissions)));
        routes.MapApi("GET", "/api/v1/access/explain", Read, new Operation
        {
            Id = "explainAccess", Summary = "Explain whether a token or client holds a permission: which role grants it, or what is missing.",
            Tag = Tag, Parameters =
            [
                Parameter.Query("who", "token/NAME or client/ID.", Schemas.Text()) with { Required = true }, Permission, ResourceOf, Org,
            ],
            Answer = Content.Json(Explanation()),
        }, ExplainAsync);
        routes.MapApi("GET", "/api/v1/access/holders", Read, new Operation
        {
            Id = "listAccessHolders", Summary = "List the tokens and clients that hold a permission. Users of OIDC providers are not listed.",
            Tag = Tag, Parameters =
            [
                Permission, ResourceOf, Org,
                Parameter.Query("limit", "How many are listed at most.", Schemas.Integer(1, HoldersMax)),
            ],
            Answer = Content.Json(Schemas.Members(
                [("items", Schemas.List(Holder())), ("isComplete", Schemas.Flag())], "items", "isComplete")),
        }, ListHoldersAsync);
    }

    private async Task<Result<Answer>> ExplainAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (!call.Query("who").TryGet(out var who, out error)) return error;
        if (!(await ReadQuestionAsync(call)).TryGet(out var question, out error)) return error;
        if (who is null || who.Split('/') is not [var kind, var name] || holders.FirstOrDefault(h => h.Kind == kind) is not { } source)
            return ApiErrors.QueryValue("who", string.Join(" or ", holders.Select(h => $"{h.Kind}/NAME")));
        if (await source.FindAsync(caller.Tenant, name, call.Aborted) is not { } holder)
            return new Error(ErrorKind.NotFound, "NOT_FOUND", $"There is no {kind} \"{name.Shortened(100)}\".");
        if (holder.Principal is { } principal) await question.LearnAsync(principal, call.Aborted);
        return Answer.Json(json => Write(json, question, holder));
    }

    private async Task<Result<Answer>> ListHoldersAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (!call.QueryInt("limit", HoldersDefault, 1, HoldersMax).TryGet(out var limit, out error)) return error;
        if (!(await ReadQuestionAsync(call)).TryGet(out var question, out error)) return error;
        var found = new List<(AccessHolder Holder, IReadOnlyList<string> Roles, string? Scope)>();
        var known = new Dictionary<string, IReadOnlyList<string>?>(StringComparer.Ordinal); // thousands of tokens hold the same few roles
        foreach (var source in holders)
        {
            await foreach (var holder in source.AllAsync(caller.Tenant, call.Aborted))
            {
                if (holder.Principal is not { } principal) continue;
                var key = principal.IsSplit ? $"{holder.Kind}/{holder.Name}"
                    : $"{string.Join(',', principal.RoleNames)} {principal.Project} {principal.Node}";
                if (!known.TryGetValue(key, out var granting)) known[key] = granting = Granting(question, holder, principal);
                if (granting is null) continue;
                await question.LearnAsync(principal, call.Aborted);
                found.Add((holder, granting, question.ScopeOf(principal)));
                if (found.Count > limit) break;
            }
        }
        return Answer.Json(json => Write(json, found, limit));
    }

    /// <returns>The roles that allow it; null: it is not allowed.</returns>
    private static IReadOnlyList<string>? Granting(AccessQuestion question, AccessHolder holder, Principal principal) =>
        question.Answer(principal).Allowed ? [.. holder.Roles.Where(r => AnswerOf(question, holder, r).Allowed).Select(r =>
            r.Name).Distinct()] : null;

    private async ValueTask<Result<AccessQuestion>> ReadQuestionAsync(ApiCall call)
    {
        if (!call.Query("permission").TryGet(out var permission, out var error)) return error;
        if (permission is null || !catalog.Declared.Contains(permission)) return UnknownPermission(permission);
        var kind = kinds.FirstOrDefault(k => k.HasPermission(permission));
        if (!call.Query("resource").TryGet(out var resource, out error)) return error;
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out error)) return error;
        var projects = new ProjectNames(log, caller.Tenant);
        if (resource is null) return new AccessQuestion(permission, kind, null, projects);
        if (kind is null) return ApiErrors.Query("resource", $"does not go with {permission}, which is about no kind.", "Leave it out.");
        if (resource.Split('/') is not [var named, var nameOrId] || (named != kind.Name && named != kind.Plural))
            return ApiErrors.QueryValue("resource", $"{kind.Name}/NAME, which {permission} is about");
        var found = await new ResourceLookup(log, kind).ReadAsync(caller, nameOrId, AsOf.Latest, call.Aborted);
        if (!found.IsOk) return found.Error;
        // What the caller may not see does not exist here either.
        return Scoping.Sees(call.Principal, kind, found.Value)
            ? new AccessQuestion(permission, kind, found.Value, projects) : ResourceErrors.NotFound(kind, nameOrId);
    }

    private Error UnknownPermission(string? name)
    {
        var near = name is not null && NearestWord.To(name, catalog.Declared) is { } meant ? $"Did you mean {meant}? " : "";
        return new Error(ErrorKind.Invalid, "INVALID_QUERY", $"There is no permission \"{name?.Shortened(100)}\".",
            near + "\"strata access permissions\" (GET /api/v1/access/permissions) lists them.")
        {
            Faults = [new ValidationError("permission", "must be the name of a permission.")],
        };
    }

    private void WritePermissions(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var name in catalog.Grantable.Order(StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            Write(json, "roles", catalog.HoldersOf(name));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, AccessQuestion question, AccessHolder holder)
    {
        var (allowed, reason) = holder.Principal is { } principal ? question.Answer(principal) : (false, "has expired");
        json.WriteStartObject();
        json.WriteBoolean("allowed", allowed);
        json.WriteString("reason", $"The {holder.Kind} {holder.Name} {reason}.");
        json.WriteString("actor", holder.Actor);
        json.WriteStartArray("roles");
        foreach (var role in holder.Roles)
        {
            var (grants, why) = AnswerOf(question, holder, role);
            json.WriteStartObject();
            json.WriteString("name", role.Name);
            json.WriteBoolean("allows", grants);
            json.WriteString("reason", $"The role {role.Name}{(role.By is { } by ? $" (by {by.Text})" : "")} {why}.");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What one of its roles would allow without the others, but for what makes an operator.</summary>
    private static (bool Allowed, string Reason) AnswerOf(AccessQuestion question, AccessHolder holder, HeldRole role)
    {
        if (role.Permissions is null) return (false, "does not exist");
        if (holder.Principal is not { } principal) return (false, "has expired with it");
        if (role.By is { } by) return question.Answer(principal with { Grants = by.Grants });
        if (question.NeedsOperator && role.Permissions.Contains(Principal.PlatformPermission))
            return (true, "makes its holder an operator, which this takes");
        var permissions = role.Permissions.ToHashSet(StringComparer.Ordinal);
        if (principal.IsOperator) permissions.Add(Principal.PlatformPermission);
        // Its own roles hold for one scope, which comes first; what bindings add follows.
        return question.Answer(principal with { Grants = [principal.Grants[0] with { Permissions = permissions }] });
    }

    private static void Write(Utf8JsonWriter json, List<(AccessHolder Holder, IReadOnlyList<string> Roles, string? Scope)> found, int limit)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var (holder, roles, scope) in found.Take(limit))
        {
            json.WriteStartObject();
            json.WriteString("kind", holder.Kind);
            json.WriteString("name", holder.Name);
            json.WriteString("actor", holder.Actor);
            Write(json, "roles", roles);
            if (scope is not null) json.WriteString("scope", scope);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteBoolean("isComplete", found.Count <= limit);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static JsonObject Explanation() => Schemas.Members(
        [
            ("allowed", Schemas.Flag()), ("reason", Schemas.Text()), ("actor", Schemas.Text()),
            ("roles", Schemas.List(Schemas.Members(
                [("name", Schemas.Text()), ("allows", Schemas.Flag()), ("reason", Schemas.Text())], "name", "allows", "reason"))),
        ], "allowed", "reason", "actor", "roles");

    private static JsonObject Holder() => Schemas.Members(
        [
            ("kind", Schemas.Text()), ("name", Schemas.Text()), ("actor", Schemas.Text()), ("roles", Schemas.List(Schemas.Text())),
            ("scope", Schemas.Text()),
        ], "kind", "name", "actor", "roles");
}
