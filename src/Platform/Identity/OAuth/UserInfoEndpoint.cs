using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Identity.Memberships;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using OpenIdScopes = OpenIddict.Abstractions.OpenIddictConstants.Scopes;

namespace Strata.Identity.OAuth;

/// <summary>
/// GET and POST /api/oauth/userinfo: what a program may know about the person who has signed in to it (OpenID Connect Core, 5.3). It takes
/// a program's token even where that opens nothing else; it must have asked for the scope <c>openid</c>.
/// </summary>
internal sealed class UserInfoEndpoint(
    PersonTokens tokens, SessionAuthenticator sessions, MembershipStore memberships, TimeProvider time)
{
    private const string Path = "/" + OAuthServer.UserInfoUri;
    private const string Scheme = "Bearer ";

    private static readonly Error NoScope = new(
        ErrorKind.Forbidden, "INSUFFICIENT_SCOPE", "The person was not asked whether this program may know who they are.",
        "Ask for the scope openid at the sign-in.");

    public void Map(IEndpointRouteBuilder routes)
    {
        var operation = new Operation
        {
            Id = "getUserInfo", Summary = "Show what a program may know about the person who has signed in to it.", Tag = "tokens",
            Answer = Content.Json(Schemas.Members(
                [
                    ("sub", Schemas.Text()), ("name", Schemas.Text()), ("preferred_username", Schemas.Text()), ("email", Schemas.Text()),
                    ("email_verified", Schemas.Flag()),
                ], "sub")),
        };
        routes.MapGet(Path, AnswerAsync).WithMetadata(operation).Open();
        routes.MapPost(Path, AnswerAsync)
            .WithMetadata(operation with { Id = "getUserInfoByPost", Repeatable = "It changes nothing." }).Open();
    }

    private async Task AnswerAsync(HttpContext http) => await (await ReadAsync(http)).ExecuteAsync(http);

    private async ValueTask<IResult> ReadAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (await FindAsync(http) is not var (found, scopes))
        {
            http.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
            return ApiErrors.Unauthorized.ToResult();
        }
        if (!scopes.Contains(OpenIdScopes.OpenId))
        {
            http.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
            return NoScope.ToResult();
        }
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("sub", found.Person.Id);
            foreach (var (name, value) in PersonClaims.Of(found.Person, scopes)) json.WriteString(name, value);
            if (scopes.Contains(OpenIdScopes.Email))
                json.WriteBoolean("email_verified", People.PersonStore.HasVerifiedEmail(found.Person));
            json.WriteEndObject();
        });
    }

    private async ValueTask<(SignedIn, IReadOnlyList<string>)?> FindAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        if (JwtCheck.Read(header[Scheme.Length..].Trim()) is not { } jwt) return null;
        var storage = new StorageDeadline(time);
        if (await tokens.VerifyAsync(jwt, storage, http.RequestAborted) is not { } grant) return null;
        return await sessions.FindAsync(grant, http.RequestAborted) is { } found
            && (await memberships.PrincipalAsync(grant.Tenant, found.Person, storage, http.RequestAborted)).IsOk
            ? (found, grant.Scopes) : null;
    }
}
