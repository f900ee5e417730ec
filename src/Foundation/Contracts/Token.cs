namespace Strata.Contracts;

/// <summary>
/// A key to the API. Kind <c>token</c>, organization scope. Its secret is shown once, when it is made; only a hash is kept. Deleting it
/// revokes it.
/// </summary>
public sealed record TokenSpec
{
    /// <summary>Names of roles, as the API description lists them; at least one.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Name or id of the only project it may see; null: the whole organization.</summary>
    public string? Project { get; init; }

    /// <summary>Id of the node that it is bound to; null: to none. Only the platform's own parts may set it.</summary>
    public string? Node { get; init; }

    /// <summary>Not accepted from then on; null: until it is revoked.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>1 to 20 networks that it may be used from, such as <c>10.1.0.0/16</c>; null: from anywhere.</summary>
    public IReadOnlyList<string>? AllowedAddresses { get; init; }

    /// <summary>
    /// In whose name it acts, for example <c>user:admin</c>; null: <c>token:NAME</c>. Only the platform's own parts may set it.
    /// </summary>
    public string? Actor { get; init; }
}

public sealed record TokenStatus
{
    /// <summary>SHA-256 of the secret, in hex; null while the token is being made.</summary>
    public string? SecretHash { get; init; }

    /// <summary>
    /// When it was last used, to the day: it is written once a day, also where it was refused because of the address that it came from.
    /// Null: not yet. Of tokens of the platform's own parts always null.
    /// </summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>
    /// As <see cref="SecretHash"/>, of the secret before this one, while the token's holder gets the new one; null: it is refused.
    /// </summary>
    public string? FormerSecretHash { get; init; }

    /// <summary>The former secret is not accepted from then on, at the latest; null: until it is forgotten.</summary>
    public DateTimeOffset? FormerExpiresAt { get; init; }
}
