namespace Strata.Contracts;

/// <summary>
/// A value that is kept from view, such as a password. Kind <c>secret</c>, project scope. The value itself is no part of the resource or
/// its history: it is set by <c>POST …/versions</c> and shown by <c>POST …/reveal</c> alone.
/// </summary>
public sealed record SecretSpec
{
    /// <summary>For people; null: none. Anyone who sees the project sees it.</summary>
    public string? Description { get; init; }
}

public sealed record SecretStatus
{
    /// <summary>The values that are kept, the newest first; empty: none has been set.</summary>
    public IReadOnlyList<SecretVersion> Versions { get; init; } = [];

    /// <summary>Number of the newest version that there has ever been; 0: none.</summary>
    public int LastVersion { get; init; }

    /// <summary>When a value was shown last, and to whom; null: never.</summary>
    public SecretReveal? LastReveal { get; init; }
}

/// <param name="Number">1 for the first, and one more for each that follows.</param>
/// <param name="Key">Under which the sealed value is stored.</param>
/// <param name="CreatedBy">For example <c>person:ada</c>.</param>
public sealed record SecretVersion(int Number, string Key, DateTimeOffset CreatedAt, string CreatedBy);

/// <param name="Version">Which was shown.</param>
/// <param name="By">For example <c>person:ada</c>.</param>
public sealed record SecretReveal(int Version, DateTimeOffset At, string By);
