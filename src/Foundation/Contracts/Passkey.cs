namespace Strata.Contracts;

/// <summary>A passkey or hardware key of a person (a WebAuthn credential): the public part of a key that never leaves its device.</summary>
public sealed record Passkey
{
    /// <summary>Of the credential, in base64url.</summary>
    public required string Id { get; init; }

    /// <summary>As its owner calls it; at most 50 characters.</summary>
    public required string Name { get; init; }

    /// <summary>COSE key in base64url.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Of its last signature; some devices count nothing and always have 0.</summary>
    public long Counter { get; init; }

    /// <summary>The model of the device (AAGUID); null: it does not say.</summary>
    public string? Model { get; init; }

    /// <summary>How browsers reach it, for example <c>usb</c> or <c>internal</c>.</summary>
    public IReadOnlyList<string> Transports { get; init; } = [];

    /// <summary>Whether its owner's other devices may have it too.</summary>
    public bool IsSynced { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Whether it has asked for a PIN, a finger or a face, so that it is two factors by itself.</summary>
    public bool VerifiesUser { get; init; }

    /// <summary>Whether its owner has signed in with it alone, so that the password is not needed.</summary>
    public bool SignsInAlone { get; init; }

    /// <summary>
    /// When the last challenge that it has signed was made, in ticks: neither that one nor an earlier one is taken again.
    /// </summary>
    public long LastChallenge { get; init; }

    /// <summary>When its counter was last found to have gone back, as that of a copy would; null: never.</summary>
    public DateTimeOffset? CounterWentBackAt { get; init; }
}
