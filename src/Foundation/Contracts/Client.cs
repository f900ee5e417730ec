using System.Text.Json;

namespace Strata.Contracts;

/// <summary>
/// A program that calls the API in its own name (a technical user): it trades its id and secret for access tokens. Kind <c>client</c>,
/// organization scope. The secret is shown once; only a hash is kept. Deleting it ends its tokens too.
/// </summary>
public sealed record ClientSpec
{
    /// <summary>Of the contract: ROLE_M2M, ROLE_ADMIN; empty: it acts for the people who sign in to it, and never by itself.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>What people see when it asks them to sign in; null: its id.</summary>
    public string? DisplayName { get; init; }

    /// <summary>
    /// Where people may be sent back to after a sign-in, character by character; of a loopback address the port does not count (RFC 8252).
    /// Empty: people cannot sign in to it.
    /// </summary>
    public IReadOnlyList<string> RedirectUris { get; init; } = [];

    /// <summary>
    /// Where people may be sent back to after they have signed out of it; as <see cref="RedirectUris"/>. Empty: they stay here.
    /// </summary>
    public IReadOnlyList<string> PostLogoutRedirectUris { get; init; } = [];

    /// <summary>
    /// JSON Web Keys (RFC 7517) by which it proves who it is, by private_key_jwt (RFC 7523): RSA of 2048 bits and more, P-256, Ed25519; at
    /// most 10. Where there is one, the secret opens nothing.
    /// </summary>
    public IReadOnlyList<JsonElement> PublicKeys { get; init; } = [];

    /// <summary>By which the tokens that it gets are signed: <c>RS256</c>, <c>ES256</c> or <c>EdDSA</c>.</summary>
    public string SigningAlgorithm { get; init; } = "RS256";

    /// <summary>Whether it can keep no secret, as a program in a browser or on a phone: then a sign-in needs none.</summary>
    public bool Public { get; init; }
}

public sealed record ClientStatus
{
    /// <summary>SHA-256 of the secret, in hex; null while the client is being made, and then nothing matches.</summary>
    public string? SecretHash { get; init; }

    public DateTimeOffset? SecretMadeAt { get; init; }
}
