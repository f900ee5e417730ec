namespace Strata.Contracts;

/// <summary>
/// A program that calls the API in its own name (a technical user): it trades its id and secret for access tokens. Kind <c>client</c>,
/// organization scope. The secret is shown once; only a hash is kept. Deleting it ends its tokens too.
/// </summary>
public sealed record ClientSpec
{
    /// <summary>Of the contract: ROLE_M2M, ROLE_ADMIN; at least one.</summary>
    public required IReadOnlyList<string> Roles { get; init; }
}

public sealed record ClientStatus
{
    /// <summary>SHA-256 of the secret, in hex; null while the client is being made, and then nothing matches.</summary>
    public string? SecretHash { get; init; }

    public DateTimeOffset? SecretMadeAt { get; init; }
}
