using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.JsonWebTokens;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Authentication;
using Strata.Identity.Memberships;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using Strata.Resources.Kinds;

namespace Strata.Identity.OAuth;

/// <summary>
/// POST /api/oauth/introspect (RFC 7662): shows a client whether an access token of its own organization is good at this moment. Of every
/// other token it learns nothing, not even that it exists.
/// </summary>
internal sealed class IntrospectionEndpoint(
    ClientAuthentication clients, JwtAuthenticator authenticator, PersonTokens people, SessionAuthenticator sessions,
    MembershipStore memberships, IEntityLog log, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/" + OAuthServer.IntrospectUri, AnswerAsync).WithMetadata(new Operation
    {
        Id = "introspectToken", Tag = "tokens",
        Summary = "Show whether an access token of the client's own organization is good at this moment, and what it says (RFC 7662).",
        Body = new Content(
            ["application/x-www-form-urlencoded"],
            Schemas.Members(
                [
                    ("token", Schemas.Text()), ("token_type_hint", Schemas.Text()), ("client_id", Schemas.Text()),
                    ("client_secret", Schemas.Text()), (TokenRequest.Assertion, Schemas.Text()),
                    (TokenRequest.AssertionType, Schemas.Text()),
                ], "token")),
        Answer = Content.Json(Schemas.Members(
            [
                ("active", Schemas.Flag()), ("sub", Schemas.Text()), ("client_id", Schemas.Text()), ("username", Schemas.Text()),
                ("scope", Schemas.Text()), ("token_type", Schemas.OneOf("Bearer")), ("iss", Schemas.Text()), ("aud", Schemas.Text()),
                ("jti", Schemas.Text()), ("exp", Schemas.Integer(0, long.MaxValue)), ("iat", Schemas.Integer(0, long.MaxValue)),
            ], "active")), Repeatable = "It changes nothing.",
    }).Open();

    private async Task AnswerAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (await TokenRequest.ReadAsync(http) is not { } request)
        {
            await OAuthError.NoForm.WriteAsync(http);
            return;
        }
        var (client, error) = await clients.FindAsync(http, request);
        // Who can keep no secret is not known to be who it says.
        if (client is null || client.Resource.Spec.Public) await (error ?? OAuthError.NoClient).WriteAsync(http);
        else if (request.Token is not { } text) await OAuthError.NoToken.WriteAsync(http);
        else
        {
            var (token, found) = await FindAsync(text, client.Id.Tenant, http.RequestAborted);
            await Answer.Json(json => Write(json, token, found)).ExecuteAsync(http);
        }
    }

    private async ValueTask<(JsonWebToken? Token, Introspected? Found)> FindAsync(
        string text, TenantId organization, CancellationToken cancellationToken)
    {
        if (JwtCheck.Read(text) is not { } token || token.IsEncrypted) return (null, null);
        var storage = new StorageDeadline(time);
        var found = JwtCheck.Text(token, PersonTokens.SessionClaim) is null
            ? await OfClientAsync(token, organization, storage, cancellationToken)
            : await OfPersonAsync(token, organization, storage, cancellationToken);
        return found is not null && await storage.WithinAsync(log.IsActiveAsync(organization, cancellationToken), cancellationToken)
            ? (token, found) : (null, null);
    }

    private async ValueTask<Introspected?> OfClientAsync(
        JsonWebToken token, TenantId organization, StorageDeadline storage, CancellationToken cancellationToken) =>
        await authenticator.FindOwnAsync(token, storage, cancellationToken) is var (subject, _) && subject.Tenant == organization
            ? new Introspected(subject.Subject, subject.Client ?? subject.Subject, null, subject.Roles) : null;

    private async ValueTask<Introspected?> OfPersonAsync(
        JsonWebToken token, TenantId organization, StorageDeadline storage, CancellationToken cancellationToken)
    {
        if (await people.VerifyAsync(token, storage, cancellationToken) is not { } grant || grant.Tenant != organization) return null;
        return await storage.WithinAsync(sessions.FindAsync(grant, cancellationToken), cancellationToken) is { } signedIn
            && (await memberships.PrincipalAsync(organization, signedIn.Person, storage, cancellationToken)).IsOk
                ? new Introspected(signedIn.Person.Id, grant.Client, signedIn.Person.Name, grant.Scopes) : null;
    }

    private static void Write(Utf8JsonWriter json, JsonWebToken? token, Introspected? found)
    {
        json.WriteStartObject();
        json.WriteBoolean("active", found is not null);
        if (token is not null && found is not null)
        {
            json.WriteString("sub", found.Subject);
            json.WriteString("client_id", found.Client);
            if (found.Username is not null) json.WriteString("username", found.Username);
            json.WriteString("scope", string.Join(' ', found.Scopes));
            json.WriteString("token_type", "Bearer");
            json.WriteString("iss", token.Issuer);
            if (token.Audiences.FirstOrDefault() is { } audience) json.WriteString("aud", audience);
            json.WriteString("jti", token.Id);
            json.WriteNumber("exp", new DateTimeOffset(token.ValidTo).ToUnixTimeSeconds());
            json.WriteNumber("iat", new DateTimeOffset(token.IssuedAt).ToUnixTimeSeconds());
        }
        json.WriteEndObject();
    }

    /// <param name="Username">Of a person, in the cloud.</param>
    private sealed record Introspected(string Subject, string Client, string? Username, IReadOnlyList<string> Scopes);
}
