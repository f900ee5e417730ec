namespace Strata.Contracts;

/// <summary>
/// A pair of keys that the cloud signs access tokens with. Kind <c>keypair</c>, platform scope: the private half is sealed and leaves the
/// server never.
/// </summary>
public sealed record KeyPairSpec
{
    /// <summary>For whose tokens: <c>client</c> or <c>human</c>.</summary>
    public required string Audience { get; init; }

    /// <summary><c>RS256</c>, <c>ES256</c> or <c>EdDSA</c>.</summary>
    public required string Algorithm { get; init; }
}

public sealed record KeyPairStatus
{
    /// <summary>
    /// The first 16 bytes of the SHA-256 of the public half (SubjectPublicKeyInfo in DER), in hex; null while it is being made.
    /// </summary>
    public string? KeyId { get; init; }

    /// <summary>In PEM.</summary>
    public string? PublicKey { get; init; }

    /// <summary>In PKCS #8 and base64, sealed.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>When it begins to sign; it is published before.</summary>
    public DateTimeOffset? ValidFrom { get; init; }

    /// <summary>What it signed is not accepted from then on; null: until it is invalidated.</summary>
    public DateTimeOffset? ValidTo { get; init; }
}
