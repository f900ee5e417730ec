using System.Globalization;
using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Clients;
using Strata.Identity.Memberships;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;
using SessionResource = Strata.Core.Resource<Strata.Contracts.SessionSpec, Strata.Contracts.SessionStatus>;

namespace Strata.Identity.OAuth;

/// <summary>Which client may send people where; what is wrong here is shown to the person, and sent nowhere.</summary>
internal sealed class CheckAuthorization(OAuthClients clients) : IOpenIddictServerHandler<ValidateAuthorizationRequestContext>
{
    public async ValueTask HandleAsync(ValidateAuthorizationRequestContext context)
    {
        var stopped = CodeClaims.HttpOf(context.Transaction).RequestAborted;
        if (await clients.FindAsync(context.ClientId, stopped) is not var (_, client))
            context.Reject(Errors.InvalidClient, "There is no such program, or people cannot sign in to it.");
        else if (context.RedirectUri is not { } uri || !ClientKind.AllowsRedirect(client.Spec, uri))
            context.Reject(Errors.InvalidRequest, "The program did not register the address (redirect_uri) to which it wants people sent.");
        else if (context.Request.CodeChallengeMethod is not CodeChallengeMethods.Sha256)
            context.Reject(Errors.InvalidRequest, "The code_challenge_method must be S256.");
        else if (context.Request.GetScopes().FirstOrDefault(s => !OAuthScopes.All.Contains(s)) is { } scope)
            context.Reject(Errors.InvalidScope, $"There is no scope {scope.Shortened(50)}.");
    }
}

/// <summary>
/// Gives a program its tokens for a code, once, and the next ones for a refresh token. A code or refresh token that is used again ends what
/// it led to: two have it.
/// </summary>
internal sealed class AnswerProgram(
    OAuthClients clients, PersonStore people, MembershipStore memberships, SessionStore sessions, SessionAuthenticator browsers,
    UsedCodes codes, PersonTokens tokens, RequestSource sources, IdentityOptions options, TimeProvider time)
    : IOpenIddictServerHandler<HandleTokenRequestContext>
{
    public async ValueTask HandleAsync(HandleTokenRequestContext context)
    {
        if (context.Request.IsDeviceCodeGrantType()) return;
        var stopped = CodeClaims.HttpOf(context.Transaction).RequestAborted;
        if (await clients.FindAsync(context.Request.ClientId, stopped) is not var (client, registered)
            || !PersonKind.Kind.TryParseId(context.Principal?.GetClaim(Claims.Subject) ?? "", out var id)
            || await people.FindAsync(id, stopped) is not { } person || !PersonStore.IsAdmitted(person)
            || !(await memberships.PrincipalAsync(client.Tenant, person, new StorageDeadline(time), stopped)).IsOk)
        {
            context.Reject(Errors.InvalidGrant, "The person may not sign in to this program any more.");
            return;
        }
        var session = context.Request.IsRefreshTokenGrantType()
            ? await RefreshAsync(context, person, stopped) : await BeginAsync(context, client, person, stopped);
        if (session is null) context.Reject(Errors.InvalidGrant, "The code or the refresh token is not good any more.");
        else await GiveAsync(context, person, session, registered.Spec.SigningAlgorithm, stopped);
    }

    private async ValueTask<SessionResource?> BeginAsync(
        HandleTokenRequestContext context, ClientId client, PersonResource person, CancellationToken stopped)
    {
        if (context.Principal!.GetClaim(CodeClaims.Grant) is not { } grant
            || !SessionKind.Kind.TryParseId(context.Principal!.GetClaim(CodeClaims.Browser) ?? "", out var browser)) return null;
        // What was allowed in a session that has ended since, by a new password for one, is allowed no more.
        if (await browsers.FindAsync(browser, stopped) is not { } allowed || allowed.Person.Id != person.Id) return null;
        var http = CodeClaims.HttpOf(context.Transaction);
        var scopes = context.Principal!.GetScopes();
        var key = SecretText.HashOf(grant);
        // From here on it goes on even if the program hangs up: a code that was half used would be lost.
        stopped = CancellationToken.None;
        if (!await codes.TryUseAsync(key, stopped)) return await EndStolenAsync(person, key, stopped);
        var begun = await sessions.BeginAsync(person, new SessionSpec
        {
            Person = person.Id, SignedInAt = SessionStore.AuthenticatedAt(allowed.Session), Browser = allowed.Session.Id,
                Organization = client.Tenant.ToString(),
            Client = client.ToString(), Scopes = scopes, Grant = key,
            UserAgent = http.Request.Headers.UserAgent, Address = sources.AddressOf(http),
        }, stopped, scopes.Contains(Scopes.OfflineAccess) ? null : options.TokenLifetime);
        if (begun.TryGet(out var session, out var error)) return session.Resource;
        if (error.Kind == ErrorKind.Unavailable) throw error.ToException();
        return await EndStolenAsync(person, key, stopped);
    }

    private async ValueTask<SessionResource?> EndStolenAsync(PersonResource person, string key, CancellationToken stopped)
    {
        if (await sessions.FindByGrantAsync(key, stopped) is { } stolen)
            await sessions.EndAsync(PersonStore.CallerOf(person), stolen.Id, stopped);
        return null;
    }

    private async ValueTask<SessionResource?> RefreshAsync(
        HandleTokenRequestContext context, PersonResource person, CancellationToken stopped)
    {
        var (name, number) = (context.Principal!.GetClaim(CodeClaims.Session), context.Principal!.GetClaim(CodeClaims.Generation));
        if (!SessionKind.Kind.TryParseId(name ?? "", out var id)
            || !long.TryParse(number, CultureInfo.InvariantCulture, out var generation)) return null;
        return await browsers.FindAsync(id, stopped) is { } found && found.Person.Id == person.Id
            && found.Session.Spec.Client == context.Request.ClientId
                ? await sessions.RefreshAsync(person, found.Session, generation, CancellationToken.None) : null;
    }

    private async ValueTask GiveAsync(
        HandleTokenRequestContext context, PersonResource person, SessionResource session, string algorithm, CancellationToken stopped)
    {
        var identity = new ClaimsIdentity("strata");
        identity.SetClaim(Claims.Subject, person.Id).SetClaim(CodeClaims.Session, session.Id)
            .SetClaim(PersonTokens.SessionClaim, session.Id)
            .SetClaim(CodeClaims.Generation, session.Status.Generation.ToString(CultureInfo.InvariantCulture))
            .SetClaim(Claims.AuthenticationTime, (session.Spec.SignedInAt ?? session.CreatedAt).ToUnixTimeSeconds());
        foreach (var (name, value) in PersonClaims.Of(person, session.Spec.Scopes)) identity.SetClaim(name, value);
        if (session.Spec.Scopes.Contains(Scopes.Email)) identity.SetClaim(Claims.EmailVerified, PersonStore.HasVerifiedEmail(person));
        var principal = new ClaimsPrincipal(identity);
        principal.SetScopes(session.Spec.Scopes).SetAccessTokenLifetime(options.TokenLifetime)
            .SetRefreshTokenLifetime(SessionStore.IdleMax);
        principal.SetDestinations(claim => claim.Type is CodeClaims.Session or CodeClaims.Generation ? [] : [Destinations.IdentityToken]);
        context.Transaction.Properties[CodeClaims.Algorithm] = algorithm;
        context.Transaction.Properties[CodeClaims.Token] = await tokens.MintAsync(person, session, algorithm, stopped);
        context.SignIn(principal);
    }
}

/// <summary>What programs learn about a person, by what they have allowed (OpenID Connect Core, 5.4).</summary>
internal static class PersonClaims
{
    public static IEnumerable<(string Name, string Value)> Of(PersonResource person, IReadOnlyList<string> scopes)
    {
        if (scopes.Contains(Scopes.Profile))
        {
            yield return (Claims.Name, person.Spec.DisplayName ?? person.Name);
            yield return (Claims.PreferredUsername, person.Name);
        }
        if (scopes.Contains(Scopes.Email)) yield return (Claims.Email, person.Spec.Email);
    }
}
