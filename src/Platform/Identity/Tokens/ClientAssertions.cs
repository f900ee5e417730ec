using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Strata.Entities.Log;
using Strata.Identity.Clients;
using Strata.Identity.OAuth;

namespace Strata.Identity.Tokens;

/// <summary>
/// Clients that prove who they are with a token that they sign themselves (private_key_jwt, RFC 7523): for this server, for a few minutes,
/// once. Safe for concurrent use.
/// </summary>
internal sealed class ClientAssertions(ClientStore clients, IDurableValues values, IdentityOptions options, TimeProvider time)
{
    public const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>How far ahead they may expire: the libraries make them for one to five.</summary>
    private static readonly TimeSpan LifetimeMax = TimeSpan.FromMinutes(5);

    /// <summary>As long as one could be accepted, its sender's clock and ours apart.</summary>
    private static readonly TimeSpan KeptFor = LifetimeMax + (4 * JwtCheck.Skew);

    private const int IdLengthMax = 200;

    /// <summary>Of one organization in a minute: each is kept for a while.</summary>
    private const int OfOrganizationMax = 1200;

    private readonly UsedOnce used = new(values, time, "assertion/", KeptFor);
    private readonly GuessLimit counted = new(OfOrganizationMax, TimeSpan.FromMinutes(1), time);

    public async ValueTask<(KnownClient? Client, OAuthError? Error)> VerifyAsync(string text, CancellationToken cancellationToken)
    {
        if (JwtCheck.Read(text) is not { Subject.Length: > 0 } token || token.Issuer != token.Subject
            || !ClientId.TryParse(token.Subject, out var id)) return (null, OAuthError.BadAssertion);
        if (await clients.FindAsync(id, cancellationToken) is not { } client || !await IsSignedAsync(token, client.Spec))
            return (null, OAuthError.BadAssertion);
        // From here on it is the client's own: no one else uses up its organization's share.
        if (token.Id is not { Length: > 0 and <= IdLengthMax } name) return (null, OAuthError.NoAssertionId);
        if (!counted.TryBegin(id.Tenant.ToString())) return (null, OAuthError.TooManyAssertions);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{token.Subject}\n{name}")));
        return await used.TryUseAsync(hash, cancellationToken) ? (new KnownClient(id, client), null) : (null, OAuthError.UsedAssertion);
    }

    public Task SweepAsync(CancellationToken cancellationToken) => used.SweepAsync(cancellationToken);

    /// <summary>One audience: one that another server takes too could be passed on by that server.</summary>
    private async ValueTask<bool> IsSignedAsync(JsonWebToken token, Contracts.ClientSpec client)
    {
        var now = time.GetUtcNow();
        if (!ClientKeys.Algorithms.Contains(token.Alg) || token.Audiences.Count() != 1) return false;
        var keys = ClientKeys.For(client, string.IsNullOrEmpty(token.Kid) ? null : token.Kid, token.Alg);
        string[] audiences = [options.Issuer, options.LinkTo("/" + OAuthServer.TokenUri), options.LinkTo("/" + OAuthServer.IntrospectUri),
            options.LinkTo("/" + OAuthServer.RevokeUri)];
        return keys.Count > 0 && token.IssuedAt <= (now + JwtCheck.Skew).UtcDateTime
            && token.ValidTo <= (now + LifetimeMax + JwtCheck.Skew).UtcDateTime
            && await JwtCheck.IsValidAsync(token, keys, [token.Subject], audiences, [token.Alg], now);
    }
}
