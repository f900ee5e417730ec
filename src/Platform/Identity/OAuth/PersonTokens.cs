using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Identity.Keys;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;
using SessionResource = Strata.Core.Resource<Strata.Contracts.SessionSpec, Strata.Contracts.SessionStatus>;

namespace Strata.Identity.OAuth;

/// <summary>What a program's access token says: the session that stands behind it, and what the person has allowed.</summary>
internal sealed record PersonGrant(TenantId Tenant, EntityId Session, string Client, IReadOnlyList<string> Scopes);

/// <summary>What an ID token says: the program that it was for, and ids of the person and of the session.</summary>
internal sealed record IdTokenHint(string Client, string Person, string Session);

/// <summary>
/// Access tokens of programs that people have signed in to: JSON Web Tokens (RFC 9068) signed by the cloud's keys. They end with their
/// session. Safe for concurrent use.
/// </summary>
internal sealed class PersonTokens(SigningKeys keys, IdentityOptions options, TimeProvider time)
{
    /// <summary>Of the claim that no other token of the cloud has.</summary>
    public const string SessionClaim = "sid";

    private const string Type = "at+jwt";
    private const string ClientClaim = "client_id";
    private const string ScopeClaim = "scope";

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>By which ID tokens are signed too.</summary>
    /// <param name="algorithm">One of <see cref="KeyPairKind.Algorithms"/>, as the program registered.</param>
    public async ValueTask<SigningCredentials> CredentialsAsync(string algorithm, CancellationToken cancellationToken) =>
        (await keys.CurrentAsync(KeyPairKind.Human, algorithm, cancellationToken)).Credentials;

    public async ValueTask<string> MintAsync(
        PersonResource person, SessionResource session, string algorithm, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["sub"] = person.Id, ["jti"] = Guid.CreateVersion7(now).ToString(), [SessionClaim] = session.Id,
            [ClientClaim] = session.Spec.Client, [ScopeClaim] = string.Join(' ', session.Spec.Scopes),
            [AccessTokens.User] = person.Id, [AccessTokens.Organization] = session.Spec.Organization!,
        };
        return handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = options.Issuer, Audience = options.Issuer, Claims = claims, IssuedAt = now.UtcDateTime, TokenType = Type,
            Expires = (now + options.TokenLifetime).UtcDateTime, SigningCredentials = await CredentialsAsync(algorithm, cancellationToken),
        });
    }

    /// <summary>Null for one that is not of the cloud's own keys, not of now, or of another kind.</summary>
    public async ValueTask<PersonGrant?> VerifyAsync(JsonWebToken token, StorageDeadline storage, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (token.Typ != Type || await storage.WithinAsync(keys.FindAsync(token.Kid, cancellationToken), cancellationToken) is not { } key)
            return null;
        if (!key.Verifies(now) || key.Audience != KeyPairKind.Human) return null;
        if (!await JwtCheck.IsValidAsync(
            token, [key.Key], [options.Issuer], [options.Issuer], [key.Algorithm], now)) return null;
        if (JwtCheck.Text(token, SessionClaim) is not { } text || !SessionKind.Kind.TryParseId(text, out var session)) return null;
        return TenantId.TryParse(JwtCheck.Text(token, AccessTokens.Organization), out var tenant)
            && JwtCheck.Text(token, ClientClaim) is { } client
            ? new PersonGrant(tenant, session, client, JwtCheck.List(token, ScopeClaim)) : null;
    }

    /// <summary>
    /// Which sign-in an ID token is of, also one that has expired: it comes back when the program signs out (OpenID Connect RP-Initiated
    /// Logout 1.0, 2). Null for one that the cloud did not sign for a program.
    /// </summary>
    public async ValueTask<IdTokenHint?> ReadIdTokenAsync(string? text, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (text is null || JwtCheck.Read(text) is not { } token || token.Typ == Type) return null;
        if (await keys.FindAsync(token.Kid, cancellationToken) is not { Audience: KeyPairKind.Human } key || !key.Verifies(now))
            return null;
        if (!await JwtCheck.IsValidAsync(token, [key.Key], [options.Issuer], [], [key.Algorithm], now, orExpired: true)) return null;
        return token.Audiences.ToList() is [var client] && token.Subject is { Length: > 0 } person
            && JwtCheck.Text(token, SessionClaim) is { } session ? new IdTokenHint(client, person, session) : null;
    }
}
