using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Strata.Identity.Tokens;

/// <summary>Checks that apply to every JSON Web Token, regardless of who signed it.</summary>
internal static class JwtCheck
{
    /// <summary>Longest token that is looked at; ours have about 900 characters.</summary>
    public const int CharactersMax = 16 * 1024;

    /// <summary>How far the clock of another may be off.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = CharactersMax };

    /// <summary>Signatures that keys of others may make: never a shared secret, never none.</summary>
    public static readonly IReadOnlyList<string> Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256,
        SecurityAlgorithms.RsaSsaPssSha384,
        SecurityAlgorithms.RsaSsaPssSha512, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
        Keys.KeyPairKind.EdDsa,
    ];

    /// <summary>Parses without verifying; null for text that is not a signed token.</summary>
    public static JsonWebToken? Read(string text)
    {
        if (text.Length > CharactersMax || text.AsSpan().Count('.') != 2) return null;
        try
        {
            // What is marked as critical has to be understood (RFC 7515, 4.1.11), and none is.
            return new JsonWebToken(text) is var token && token.TryGetHeaderValue<object>("crit", out _) ? null : token;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <param name="issuers">Empty: any.</param>
    /// <param name="audiences">Empty: any.</param>
    /// <param name="orExpired">Whether one counts that has expired.</param>
    public static async ValueTask<bool> IsValidAsync(
        JsonWebToken token, IEnumerable<SecurityKey> keys, IReadOnlyList<string> issuers, IReadOnlyList<string> audiences,
        IReadOnlyList<string> algorithms, DateTimeOffset now, bool orExpired = false)
    {
        var checkedBy = new TokenValidationParameters
        {
            IssuerSigningKeys = keys, ValidAlgorithms = algorithms, RequireSignedTokens = true, RequireExpirationTime = true,
            ValidateIssuer = issuers.Count > 0, ValidIssuers = issuers,
            ValidateAudience = audiences.Count > 0, ValidAudiences = audiences,
            LifetimeValidator = (from, to, _, _) => to is { } end && (orExpired || now - Skew < end) && !(from > now + Skew),
        };
        return (await Handler.ValidateTokenAsync(token, checkedBy)).IsValid;
    }

    public static string? Text(JsonWebToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var text) ? text : null;

    /// <summary>A claim that is a list of texts, or one text with spaces between.</summary>
    public static IReadOnlyList<string> List(JsonWebToken token, string claim)
    {
        if (token.TryGetPayloadValue<JsonElement>(claim, out var value) && value.ValueKind == JsonValueKind.Array)
            return [.. value.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.GetString()!)];
        return Text(token, claim)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
    }

    /// <summary>Who acts for the subject (RFC 8693, 4.1); null: no actor.</summary>
    public static string? ActorOf(JsonWebToken token) =>
        token.TryGetPayloadValue<JsonElement>(AccessTokens.Actor, out var actor) && actor.ValueKind == JsonValueKind.Object
            && actor.TryGetProperty("sub", out var sub) ? sub.GetString() : null;
}
