using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;

namespace Strata.Identity.StepUp;

/// <summary>
/// /api/v1/access/step-up: has the person of a call show again, in their browser, that it is they, so that what needs a fresh sign-in is
/// open to the session of the call. Programs of organizations cannot: they send people to sign in again.
/// </summary>
internal sealed class StepUpEndpoints(
    StepUpRequests requests, SessionStore sessions, RequestSource source, IdentityOptions options, TimeProvider time)
{
    private const string Path = "/api/v1/access/step-up";
    private const string Own = "access.me";
    private const string Tag = "access";
    private const int OfSessionMax = 20;

    private readonly GuessLimit asked = new(OfSessionMax, StepUpRequests.Lifetime, time);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("POST", Path, Own, new Operation
        {
            Id = "requestStepUp", Summary = "Ask the person of the call to confirm, on a page in their browser, that it is they.",
            Tag = Tag,
            Status = 201, Repeatable = "Each request has a code of its own, and they end by themselves.",
            Answer = Content.Json(Schemas.Members(
                [("code", Schemas.Text()), ("page", Schemas.Text()), ("expiresAt", Schemas.Time())], "code", "page", "expiresAt")),
        }, AskAsync).InProject();
        routes.MapApi("GET", Path, Own, new Operation
        {
            Id = "getStepUp", Summary = "Show how fresh the sign-in of the call's session is.", Tag = Tag,
            Answer = Content.Json(Schemas.Members(
                [("authenticatedAt", Schemas.Time()), ("freshUntil", Schemas.Time()), ("isFresh", Schemas.Flag())],
                "authenticatedAt", "freshUntil", "isFresh")),
        }, GetAsync).InProject();
    }

    private async Task<Result<Answer>> AskAsync(ApiCall call)
    {
        if (call.Principal.Person is not { ByProgram: false } person) return IdentityErrors.NoPerson;
        var session = SessionKind.Kind.IdOf(person.Session);
        if (!asked.TryBegin(session)) return IdentityErrors.TooManySignIns;
        var now = time.GetUtcNow();
        var code = await requests.AddAsync(new StepUpRequest
        {
            Session = session, Person = PersonKind.Kind.IdOf(person.Id), Address = source.AddressOf(call.Http), CreatedAt = now,
        }, call.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("code", code);
            json.WriteString("page", options.LinkTo("/step-up?code=" + code));
            json.WriteString("expiresAt", (now + StepUpRequests.Lifetime).UtcDateTime);
            json.WriteEndObject();
        }, 201);
    }

    /// <summary>From the session as it is: what is remembered of it may be a second old.</summary>
    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (call.Principal.Person is not { } person || await sessions.FindAsync(person.Session, call.Aborted) is not { } session)
            return IdentityErrors.NoPerson;
        var at = SessionStore.AuthenticatedAt(session);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("authenticatedAt", at.UtcDateTime);
            json.WriteString("freshUntil", (at + FreshSignIn.AgeMax).UtcDateTime);
            json.WriteBoolean("isFresh", FreshSignIn.IsFresh(at, time.GetUtcNow()));
            json.WriteEndObject();
        });
    }
}
