using System.Text.Json;

namespace Strata.Contracts;

/// <summary>
/// The public key of an issuer that the organization trusts: the issuer's tokens may be exchanged for access tokens of its own. Kind
/// <c>trusted-key</c>, organization scope.
/// </summary>
public sealed record TrustedKeySpec
{
    /// <summary>The <c>kid</c> in the head of tokens; unique in the organization.</summary>
    public required string KeyId { get; init; }

    /// <summary>Public, RSA or EC (RFC 7517).</summary>
    public required JsonElement Jwk { get; init; }

    /// <summary><c>human</c> or <c>client</c>: whose tokens it signs.</summary>
    public required string Audience { get; init; }

    /// <summary>Allowed <c>iss</c>; empty: any.</summary>
    public IReadOnlyList<string> Issuers { get; init; } = [];
}

public sealed record TrustedKeyStatus
{
    public DateTimeOffset? ValidFrom { get; init; }

    /// <summary>Null: until it is invalidated.</summary>
    public DateTimeOffset? ValidTo { get; init; }
}
