using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.OAuth;
using Strata.Identity.People;
using Strata.Identity.Sessions;

namespace Strata.Identity.Visits;

/// <summary>What edges ask about visitors.</summary>
internal sealed class VisitEndpoints(
    VisitRules rules, VisitTexts texts, SessionAuthenticator sessions, UsedCodes used, IdentityOptions options)
{
    public const string Permission = "visits.control";

    private const int BodyBytesMax = 8 * 1024;
    private const string Tag = "visits";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("POST", VisitPaths.Begin, Permission, new Operation
        {
            Id = "beginVisit", Tag = Tag, Summary = "Exchange the code with which a visitor of a host came back for a visit; for edges.",
            Body = Content.Json(Schemas.Closed([("code", Schemas.Text()), ("state", Schemas.Text())], "code", "state")),
            Answer = Content.Json(Schemas.Members(
                [("visit", Schemas.Text()), ("resource", Schemas.Text()), ("expiresAt", Schemas.Time())],
                "visit", "resource", "expiresAt")),
            Repeatable = "A code is good once: with the same again it is refused.",
        }, BeginAsync);
        routes.MapApi("POST", VisitPaths.Check, Permission, new Operation
        {
            Id = "checkVisit", Tag = Tag, Summary = "Show whether a visit of a resource holds, and where visitors sign in; for edges.",
            Body = Content.Json(Schemas.Closed([("visit", Schemas.Text()), ("resource", Schemas.Text())], "visit", "resource")),
            Answer = Content.Json(Schemas.Members(
                [
                    ("active", Schemas.Flag()), ("person", Schemas.Text()), ("email", Schemas.Text()), ("expiresAt", Schemas.Time()),
                    ("signInAt", Schemas.Text()),
                ], "active", "signInAt")),
            Repeatable = "It changes nothing.",
        }, CheckAsync);
    }

    private async Task<Result<Answer>> BeginAsync(ApiCall call)
    {
        if (!(await ReadAsync(call, "code", "state")).TryGet(out var sent, out var error)) return error;
        var state = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sent.Second)));
        if (texts.OpenCode(sent.First, state) is not var (visit, nonce)) return IdentityErrors.VisitCodeInvalid;
        if (await FindAsync(visit, visit.Resource, call.Aborted) is null) return IdentityErrors.VisitCodeInvalid;
        if (!await used.TryUseAsync("visit/" + nonce, call.Aborted)) return IdentityErrors.VisitCodeInvalid;
        var (text, end) = texts.MakeVisit(visit);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("visit", text);
            json.WriteString("resource", visit.Resource);
            json.WriteString("expiresAt", end);
            json.WriteEndObject();
        });
    }

    private async Task<Result<Answer>> CheckAsync(ApiCall call)
    {
        if (!(await ReadAsync(call, "visit", "resource")).TryGet(out var sent, out var error)) return error;
        var found = texts.OpenVisit(sent.First) is var (visit, end) ? (await FindAsync(visit, sent.Second, call.Aborted), end) : default;
        return Answer.Json(json => Write(json, found.Item1, found.end));
    }

    private void Write(Utf8JsonWriter json, SignedIn? found, DateTimeOffset end)
    {
        json.WriteStartObject();
        json.WriteBoolean("active", found is not null);
        if (found is not null)
        {
            json.WriteString("person", found.Person.Id);
            json.WriteString("email", found.Person.Spec.Email);
            json.WriteString("expiresAt", end);
        }
        json.WriteString("signInAt", options.LinkTo(VisitPaths.Page));
        json.WriteEndObject();
    }

    /// <summary>Who visits; null: the sign-in has ended, or the person may not, or the visit is of something else.</summary>
    private async ValueTask<SignedIn?> FindAsync(Visit visit, string resource, CancellationToken cancellationToken)
    {
        if (visit.Resource != resource || !SessionKind.Kind.TryParseId(visit.Session, out var session)) return null;
        if (await sessions.FindAsync(session, cancellationToken) is not { } signedIn || signedIn.Person.Id != visit.Person) return null;
        if (await rules.FindAsync(resource, cancellationToken) is not { } found) return null;
        if (await rules.RefuseAsync(signedIn, found, cancellationToken) is not { } refused) return signedIn;
        return refused.Kind is ErrorKind.Forbidden or ErrorKind.Unauthenticated ? null : throw refused.ToException();
    }

    private static async ValueTask<Result<(string First, string Second)>> ReadAsync(ApiCall call, string first, string second)
    {
        if (!(await call.ReadObjectAsync(BodyBytesMax, "application/json")).TryGet(out var body, out var error)) return error;
        using (body)
        {
            var members = body.RootElement.EnumerateObject().ToDictionary(m => m.Name, m => m.Value);
            return members.Count == 2 && Text(members, first) is { } one && Text(members, second) is { } two
                ? (one, two) : ApiErrors.BadRequest($"The body has the members {first} and {second}, both texts, and no others.");
        }
    }

    private static string? Text(Dictionary<string, JsonElement> members, string name) =>
        members.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
