using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Identity.Authentication;
using Strata.Identity.OAuth;

namespace Strata.Identity.Tokens;

/// <summary>
/// POST /api/oauth/token: a client's proof of who it is for an access token (RFC 6749, 4.4), or that and a user's token of a trusted issuer
/// for one with which the client acts for the user (RFC 8693). The tenant is the client's and no other.
/// </summary>
internal sealed class TokenEndpoint(
    ClientAuthentication clients, AccessTokens tokens, JwtAuthenticator authenticator, ExternalTokens external, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/oauth/token", AnswerAsync).WithMetadata(new Operation
    {
        Id = "issueAccessToken",
        Summary = "Exchange a client's id and secret or assertion, a code or a refresh token for an access token.",
        Tag = "tokens",
        Body = new Content(
            ["application/x-www-form-urlencoded"],
            Schemas.Members(
                [
                    ("grant_type", Schemas.OneOf([TokenRequest.Credentials, TokenRequest.Exchange, .. TokenRequest.OfPeople])),
                    ("subject_token", Schemas.Text()), ("subject_token_type", Schemas.Text()), ("client_id", Schemas.Text()),
                    ("client_secret", Schemas.Text()), (TokenRequest.Assertion, Schemas.Text()),
                    (TokenRequest.AssertionType, Schemas.OneOf(ClientAssertions.Type)), ("device_code", Schemas.Text()),
                    ("code", Schemas.Text()),
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
        else if (request.GrantType is { } grant && TokenRequest.OfPeople.Contains(grant))
        {
            if (await clients.CheckAssertionAsync(http, request) is { } refused) await refused.WriteAsync(http);
            else await OAuthServer.ServeAsync(http);
        }
        else if (request.GrantType is not (TokenRequest.Credentials or TokenRequest.Exchange))
            await OAuthError.Grant(request.GrantType).WriteAsync(http);
        else await GrantAsync(http, request);
    }

    private async Task GrantAsync(HttpContext http, TokenRequest request)
    {
        var (client, error) = await clients.FindAsync(http, request);
        if (client is null) await error!.WriteAsync(http);
        else if (request.GrantType == TokenRequest.Credentials)
            await GiveAsync(http, client, new TokenSubject(client.Id.Tenant, client.Id.ToString(), null, client.Resource.Spec.Roles), null);
        else await ExchangeAsync(http, request, client);
    }

    private async Task ExchangeAsync(HttpContext http, TokenRequest request, KnownClient client)
    {
        if (request.SubjectToken is null || request.SubjectTokenType is null) await OAuthError.NoSubject.WriteAsync(http);
        else if (request.SubjectTokenType is not (TokenRequest.Jwt or TokenRequest.AccessToken))
            await OAuthError.SubjectType.WriteAsync(http);
        else if ((await SubjectAsync(request.SubjectToken, client.Id.Tenant, http.RequestAborted)).TryGet(out var subject, out var error))
        {
            var user = new TokenSubject(client.Id.Tenant, subject.Name, client.Id.ToString(), subject.Roles);
            await GiveAsync(http, client, user, TokenRequest.AccessToken);
        }
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
    private async Task GiveAsync(HttpContext http, KnownClient client, TokenSubject subject, string? type)
    {
        var token = await tokens.MintAsync(subject, client.Resource.Spec.SigningAlgorithm, http.RequestAborted);
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
