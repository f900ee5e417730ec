using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Identity.Authentication;
using Strata.Identity.Clients;
using Strata.Identity.OAuth;

namespace Strata.Identity.Tokens;

/// <summary>
/// POST /api/oauth/token: a client's id and secret for an access token (RFC 6749, 4.4), or those and a user's token of a trusted issuer for
/// one with which the client acts for the user (RFC 8693). The tenant is the client's and no other.
/// </summary>
internal sealed class TokenEndpoint(ClientStore clients, AccessTokens tokens, JwtAuthenticator authenticator, ExternalTokens external,
    RequestSource sources, IdentityOptions options, TimeProvider time)
{
    private static readonly TimeSpan GuessWindow = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Of wrong secrets; a right one is never counted nor kept out: a limit that blocks a client would let anyone lock it out.
    /// </summary>
    private readonly GuessLimit guesses = new(options.GuessesMax, GuessWindow, time);

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/oauth/token", AnswerAsync).WithMetadata(new Operation
    {
        Id = "issueAccessToken",
        Summary = "Exchange a client's id and secret (HTTP Basic), a code or a refresh token for an access token.",
        Tag = "tokens",
        Body = new Content(
            ["application/x-www-form-urlencoded"],
            Schemas.Members(
                [
                    ("grant_type", Schemas.OneOf([TokenRequest.Credentials, TokenRequest.Exchange, .. TokenRequest.OfPeople])),
                    ("subject_token", Schemas.Text()), ("subject_token_type", Schemas.Text()), ("client_id", Schemas.Text()),
                    ("client_secret", Schemas.Text()), ("device_code", Schemas.Text()), ("code", Schemas.Text()),
                    ("redirect_uri", Schemas.Text()), ("code_verifier", Schemas.Text()), ("refresh_token", Schemas.Text()),
                ], "grant_type")),
        Answer = Content.Json(Schemas.Members(
            [
                ("access_token", Schemas.Text()), ("token_type", Schemas.OneOf("Bearer")), ("expires_in", Schemas.Integer(0, int.MaxValue)),
                ("issued_token_type", Schemas.Text()), ("refresh_token", Schemas.Text()), ("id_token", Schemas.Text()),
                ("scope", Schemas.Text()),
            ], "access_token", "token_type", "expires_in")), Repeatable = "It makes one more access token, which expires; nothing is kept.",
    }).Open();

    private async Task AnswerAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Pragma = "no-cache";
        if (await TokenRequest.ReadAsync(http) is not { } request) await OAuthError.NoForm.WriteAsync(http);
        else if (request.GrantType is { } grant && TokenRequest.OfPeople.Contains(grant)) await OAuthServer.ServeAsync(http);
        else if (request.GrantType is not (TokenRequest.Credentials or TokenRequest.Exchange))
            await OAuthError.Grant(request.GrantType).WriteAsync(http);
        else await GrantAsync(http, request);
    }

    private async Task GrantAsync(HttpContext http, TokenRequest request)
    {
        if (!TokenRequest.TryReadBasic(http, out var clientId, out var secret))
        {
            await OAuthError.NoClient.WriteAsync(http);
            return;
        }
        // The secret first: a caller with the right one is let in, no matter how many wrong ones came before, from this address or any
        // other.
        if (await FindAsync(clientId, secret, http.RequestAborted) is not var (id, roles)) await RefuseAsync(http);
        else if (request.GrantType == TokenRequest.Credentials)
            await GiveAsync(http, new TokenSubject(id.Tenant, clientId, null, roles), null);
        else await ExchangeAsync(http, request, id, clientId);
    }

    private async ValueTask<(ClientId, IReadOnlyList<string>)?> FindAsync(
        string clientId, string secret, CancellationToken cancellationToken)
    {
        if (!ClientId.TryParse(clientId, out var id)) return null;
        if (await clients.FindAsync(id, cancellationToken) is { } client && SecretText.Matches(secret, client.Status.SecretHash))
            return (id, client.Spec.Roles);
        return null;
    }

    /// <summary>Wrong secrets are counted by where they come from, whichever client they are for.</summary>
    private Task RefuseAsync(HttpContext http)
    {
        var source = sources.Of(http);
        guesses.Failed(source);
        return (guesses.IsOver(source) ? OAuthError.TooManyGuesses : OAuthError.NoClient).WriteAsync(http);
    }

    private async Task ExchangeAsync(HttpContext http, TokenRequest request, ClientId id, string clientId)
    {
        if (request.SubjectToken is null || request.SubjectTokenType is null) await OAuthError.NoSubject.WriteAsync(http);
        else if (request.SubjectTokenType is not (TokenRequest.Jwt or TokenRequest.AccessToken))
            await OAuthError.SubjectType.WriteAsync(http);
        else if ((await SubjectAsync(request.SubjectToken, id.Tenant, http.RequestAborted)).TryGet(out var subject, out var error))
            await GiveAsync(http, new TokenSubject(id.Tenant, subject.Name, clientId, subject.Roles), TokenRequest.AccessToken);
        else await (error.Kind == ErrorKind.Unavailable ? OAuthError.ProviderUnavailable : OAuthError.BadSubject).WriteAsync(http);
    }

    /// <summary>Of a provider or a trusted key of the client's own organization, or of the cloud's own for it.</summary>
    private async ValueTask<Result<(string Name, IReadOnlyList<string> Roles)>> SubjectAsync(string text, TenantId tenant,
        CancellationToken cancellationToken)
    {
        if (JwtCheck.Read(text) is not { } token) return ApiErrors.Unauthorized;
        var storage = new StorageDeadline(time);
        if (token.Issuer == tokens.Issuer)
        {
            return await authenticator.FindOwnAsync(token, storage, cancellationToken) is var (subject, _) && subject.Tenant == tenant
                && subject.Client is not null
                ? (subject.Subject, subject.Roles) : ApiErrors.Unauthorized;
        }
        if (await storage.WithinAsync(external.ByTrustedKeyAsync(token, tenant, cancellationToken), cancellationToken) is { } trusted)
            return (trusted.Name, trusted.Roles);
        return (await external.ByProviderAsync(token, tenant, storage, cancellationToken)).TryGet(out var user, out var error)
            ? (user.Name, user.Roles) : error;
    }

    /// <param name="type">Of the issued token, which an exchange must return.</param>
    private async Task GiveAsync(HttpContext http, TokenSubject subject, string? type)
    {
        var token = await tokens.MintAsync(subject, http.RequestAborted);
        await Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("access_token", token.Text);
            json.WriteString("token_type", "Bearer");
            json.WriteNumber("expires_in", (int)token.Lifetime.TotalSeconds);
            if (type is not null) json.WriteString("issued_token_type", type);
            json.WriteEndObject();
        }).ExecuteAsync(http);
    }
}
