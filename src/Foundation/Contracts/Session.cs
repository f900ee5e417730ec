namespace Strata.Contracts;

/// <summary>
/// What a person has signed in to: a browser, a command line, a program. Kind <c>session</c>, platform scope; deleting it signs it out at
/// once.
/// </summary>
public sealed record SessionSpec
{
    /// <summary>The person's id.</summary>
    public required string Person { get; init; }

    /// <summary>
    /// Id of the organization that it is for, unless a request names another one of the person's; null: they are in none.
    /// </summary>
    public string? Organization { get; init; }

    /// <summary><c>browser</c>, or the id of the client that was signed in to, such as <c>strata-cli</c>.</summary>
    public required string Client { get; init; }

    /// <summary>How the program names itself; at most 200 characters.</summary>
    public string? UserAgent { get; init; }

    /// <summary>Where the sign-in came from.</summary>
    public string? Address { get; init; }

    /// <summary>What the person has allowed the program: OAuth scopes; empty where it acts as they do.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>When the person gave their password, where that was in another session, that of their browser; null: in this one.</summary>
    public DateTimeOffset? SignedInAt { get; init; }

    /// <summary>Id of the browser's session in which it was allowed; null: in none.</summary>
    public string? Browser { get; init; }

    /// <summary>The sign-in that it came from, which makes no second one; null: that cannot happen.</summary>
    public string? Grant { get; init; }
}

public sealed record SessionStatus
{
    /// <summary>SHA-256 in hex of the secret.</summary>
    public string? SecretHash { get; init; }

    /// <summary>To the hour.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>When the person last showed again that it is they; null: they have not since they signed in.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>When it ends, unless it is used before.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Which refresh token counts: each has the number of the one before plus one.</summary>
    public long Generation { get; init; }

    /// <summary>When the last refresh token was given out; for a minute after it the one before is accepted too.</summary>
    public DateTimeOffset? RefreshedAt { get; init; }
}
