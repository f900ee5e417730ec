using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Strata.Core;
using Strata.Identity.Keys;

namespace Strata.Identity.Tokens;

/// <summary>The subject of an access token.</summary>
/// <param name="Subject">A client's id, or a user's name at their issuer.</param>
/// <param name="Client">The client that acts for the user; null: the subject is a client and acts for itself.</param>
internal sealed record TokenSubject(TenantId Tenant, string Subject, string? Client, IReadOnlyList<string> Roles);

/// <summary>A token as it is given out.</summary>
internal sealed record MintedToken(string Text, TimeSpan Lifetime);

/// <summary>
/// Access tokens of the cloud's own: JSON Web Tokens with the contract's claims, signed by RS256 unless their client chose otherwise. Safe
/// for concurrent use.
/// </summary>
internal sealed class AccessTokens(SigningKeys keys, IdentityOptions options, TimeProvider time)
{
    public const string Organization = "caas_org_id";
    public const string User = "caas_user_id";
    public const string Scopes = "scopes";
    public const string UserRoles = "user_roles";
    public const string Actor = "act";

    private const string Tier = "caas_tier";
    private const string Unlimited = "unlimited";

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    public string Issuer => options.Issuer;

    /// <param name="algorithm">One of <see cref="KeyPairKind.Algorithms"/>, as the client that gets it registered.</param>
    public async ValueTask<MintedToken> MintAsync(TokenSubject subject, string algorithm, CancellationToken cancellationToken)
    {
        var key = await keys.CurrentAsync(
            subject.Client is null ? KeyPairKind.Client : KeyPairKind.Human, algorithm, cancellationToken);
        var now = time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["sub"] = subject.Subject,
            ["jti"] = Guid.CreateVersion7(now).ToString(),
            [User] = subject.Subject,
            [Organization] = subject.Tenant.ToString(),
            [subject.Client is null ? Scopes : UserRoles] = subject.Roles.ToArray(),
            [Tier] = Unlimited,
        };
        if (subject.Client is { } client) claims[Actor] = new Dictionary<string, object> { ["sub"] = client };
        var text = handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = options.Issuer, Claims = claims, IssuedAt = now.UtcDateTime, Expires = (now + options.TokenLifetime).UtcDateTime,
            SigningCredentials = key.Credentials,
        });
        return new MintedToken(text, options.TokenLifetime);
    }

    /// <summary>Null for one that is not of the cloud's own keys, not of now, or does not say what ours say.</summary>
    public async ValueTask<TokenSubject?> VerifyAsync(JsonWebToken token, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        // The same keys sign what is for others, ID tokens and workload tokens, and those name their audience.
        if (token.Audiences.Any()) return null;
        if (await keys.FindAsync(token.Kid, cancellationToken) is not { } key || !key.Verifies(now)) return null;
        if (!await JwtCheck.IsValidAsync(token, [key.Key], [options.Issuer], [], [key.Algorithm], now)) return null;
        if (!TenantId.TryParse(JwtCheck.Text(token, Organization), out var tenant) || token.Subject is not { Length: > 0 } subject)
            return null;
        var client = JwtCheck.ActorOf(token);
        return new TokenSubject(tenant, subject, client, JwtCheck.List(token, client is null ? Scopes : UserRoles));
    }
}
