namespace Strata.Contracts;

/// <summary>
/// Someone who signs in. Kind <c>person</c>, platform scope: a person exists once in the cloud, however many organizations they are a
/// member of. Made by accepting an invitation.
/// </summary>
public sealed record PersonSpec
{
    /// <summary>In small letters; no two people have the same.</summary>
    public required string Email { get; init; }

    /// <summary>Null: they are shown by their name.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Whether they can neither sign in nor use what they signed in to before.</summary>
    public bool Disabled { get; init; }
}

public sealed record PersonStatus
{
    /// <summary>Hash of the password, sealed under the cloud's key; null: none was set.</summary>
    public string? Password { get; init; }

    /// <summary>When that was last changed, or removed.</summary>
    public DateTimeOffset? PasswordSetAt { get; init; }

    /// <summary>SHA-256 in hex of the secret of a link that sets a new password; null: there is none.</summary>
    public string? ResetHash { get; init; }

    public DateTimeOffset? ResetExpiresAt { get; init; }

    /// <summary>Secret of the one-time codes that a sign-in asks for too, sealed under the cloud's key; null: it asks for none.</summary>
    public string? Totp { get; init; }

    /// <summary>When a second factor, codes or a passkey, was set up; null: they have none.</summary>
    public DateTimeOffset? SecondFactorAt { get; init; }

    /// <summary>The time step of the last code that was used: it, and earlier ones, are not taken again.</summary>
    public long TotpStep { get; init; }

    /// <summary>Keyed hashes of codes that can each be used once in place of a one-time code.</summary>
    public IReadOnlyList<string> RecoveryCodes { get; init; } = [];

    /// <summary>With which they sign in, oldest first.</summary>
    public IReadOnlyList<Passkey> Passkeys { get; init; } = [];

    /// <summary>
    /// The address that they have shown to be theirs, by a link that was sent to it; null: none. The present address is verified where it
    /// is this one.
    /// </summary>
    public string? VerifiedEmail { get; init; }

    public DateTimeOffset? LastSignInAt { get; init; }

    /// <summary>Ids of the organizations that they joined. A hint: what counts is the membership, which may have ended.</summary>
    public IReadOnlyList<string> Organizations { get; init; } = [];

    /// <summary>Ids of their sessions, oldest first. One that is not among them is not good; some may have ended.</summary>
    public IReadOnlyList<string> Sessions { get; init; } = [];
}
