using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Identity.Memberships;
using Strata.Identity.People;
using Strata.Resources.Kinds;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;
using SessionResource = Strata.Core.Resource<Strata.Contracts.SessionSpec, Strata.Contracts.SessionStatus>;

namespace Strata.Identity.Sessions;

/// <summary>
/// What is a person's own: their sessions and organizations, /api/v1/access. The kind's endpoints, for operators, have everybody's
/// sessions.
/// </summary>
internal sealed class SessionEndpoints(SessionStore sessions, PersonStore people, MembershipStore memberships)
{
    private const string Own = "access.me";
    private const string Tag = "access";
    private const string All = "/api/v1/access/sessions";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", All, Own, new Operation
        {
            Id = "listOwnSessions", Summary = "List what the caller, a person, has signed in to, newest first.", Tag = Tag,
            Answer = Content.Json(Schemas.Members([("items", Schemas.List(Session()))], "items")),
        }, ListAsync).InProject();
        routes.MapApi("DELETE", All + "/{id}", Own, new Operation
        {
            Id = "endOwnSession", Summary = "End one of the caller's own sessions; \"current\" is that of the call.",
            Tag = Tag, Status = 204,
            Repeatable = "A session that has ended is as good.",
        }, EndAsync).InProject();
        routes.MapApi("GET", "/api/v1/access/organizations", Own, new Operation
        {
            Id = "listOwnOrganizations", Summary = "List the organizations that the caller, a person, is a member of.", Tag = Tag,
            Answer = Content.Json(Schemas.Members([("items", Schemas.List(Schemas.Members(
                [
                    ("id", Schemas.Text()), ("name", Schemas.Text()), ("roles", Schemas.List(Schemas.Text())), ("project", Schemas.Text()),
                    ("isCurrent", Schemas.Flag()),
                ], "id", "name", "roles", "isCurrent")))], "items")),
        }, ListOrganizationsAsync).InProject();
    }

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!(await PersonOfAsync(call)).TryGet(out var person, out var error)) return error;
        var current = SessionKind.Kind.IdOf(call.Principal.Person!.Session);
        var found = await sessions.OfAsync(person, call.Aborted);
        if (call.Principal.Person!.ByProgram) found = [.. found.Where(s => s.Id == current)]; // others are none of its business
        return Answer.Json(json => WriteItems(json, found, session => Write(json, session, session.Id == current)));
    }

    private async Task<Result<Answer>> EndAsync(ApiCall call)
    {
        if (!(await PersonOfAsync(call)).TryGet(out var person, out var error)) return error;
        var id = call.Route("id");
        if (id == "current") id = SessionKind.Kind.IdOf(call.Principal.Person!.Session);
        if (!SessionKind.Kind.TryParseId(id, out var entity)) return ResourceErrors.NotFound(SessionKind.Kind, id);
        var session = await sessions.FindAsync(entity, call.Aborted);
        var isOwn = !call.Principal.Person!.ByProgram || entity == call.Principal.Person.Session;
        // Another's does not exist; one that has ended is known to have been theirs.
        if (!isOwn || (session is null ? !person.Status.Sessions.Contains(id) : session.Spec.Person != person.Id))
            return ResourceErrors.NotFound(SessionKind.Kind, id);
        var ended = await sessions.EndAsync(PersonStore.CallerOf(person), id, call.Aborted);
        return ended.IsOk ? Answer.NoContent : ended.Error;
    }

    private async Task<Result<Answer>> ListOrganizationsAsync(ApiCall call)
    {
        if (!(await PersonOfAsync(call)).TryGet(out var person, out var error)) return error;
        var found = await memberships.OfAsync(person, call.Aborted);
        if (call.Principal.Person!.ByProgram) found = [.. found.Where(j => j.Tenant == call.Principal.Tenant)];
        return Answer.Json(json => WriteItems(json, found, joined => Write(json, joined, joined.Tenant == call.Principal.Tenant)));
    }

    private async ValueTask<Result<PersonResource>> PersonOfAsync(ApiCall call) =>
        call.Principal.Person is { } signedIn && await people.FindAsync(signedIn.Id, call.Aborted) is { } person
            ? person : IdentityErrors.NoPerson;

    private static void WriteItems<T>(Utf8JsonWriter json, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var item in items) write(item);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SessionResource session, bool isCurrent)
    {
        json.WriteStartObject();
        json.WriteString("id", session.Id);
        json.WriteString("client", session.Spec.Client);
        if (session.Spec.UserAgent is { } program) json.WriteString("userAgent", program);
        if (session.Spec.Address is { } address) json.WriteString("address", address);
        json.WriteString("createdAt", session.CreatedAt.UtcDateTime);
        if (session.Status.LastUsedAt is { } used) json.WriteString("lastUsedAt", used.UtcDateTime);
        if (session.Status.ExpiresAt is { } end) json.WriteString("expiresAt", end.UtcDateTime);
        json.WriteBoolean("isCurrent", isCurrent);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, JoinedOrganization joined, bool isCurrent)
    {
        json.WriteStartObject();
        json.WriteString("id", joined.Tenant.ToString());
        json.WriteString("name", joined.Name);
        json.WriteStartArray("roles");
        foreach (var role in joined.Membership.Spec.Roles) json.WriteStringValue(role);
        json.WriteEndArray();
        if (joined.Membership.Spec.Project is { } project) json.WriteString("project", project);
        json.WriteBoolean("isCurrent", isCurrent);
        json.WriteEndObject();
    }

    private static System.Text.Json.Nodes.JsonObject Session() => Schemas.Members(
        [
            ("id", Schemas.Text()), ("client", Schemas.Text()), ("userAgent", Schemas.Text()), ("address", Schemas.Text()),
            ("createdAt", Schemas.Time()), ("lastUsedAt", Schemas.Time()), ("expiresAt", Schemas.Time()), ("isCurrent", Schemas.Flag()),
        ], "id", "client", "createdAt", "isCurrent");
}
