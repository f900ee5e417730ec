namespace Strata.Contracts;

/// <summary>
/// Lets one person join an organization by a link that is shown once. Kind <c>invitation</c>, organization scope; deleting it makes the
/// link useless.
/// </summary>
public sealed record InvitationSpec
{
    /// <summary>Who may accept it, in small letters; null: whoever has the link.</summary>
    public string? Email { get; init; }

    /// <summary>Names of the roles that the person gets; at least one.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Name or id of the only project that the person may see; null: the whole organization.</summary>
    public string? Project { get; init; }

    /// <summary>The link is refused from then on; left out: a week after it was made.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>
    /// Whether it makes the first member of the cloud: the link is refused as soon as anyone is a member of an organization.
    /// </summary>
    public bool ForFirst { get; init; }
}

public sealed record InvitationStatus
{
    /// <summary>SHA-256 in hex of the link's secret.</summary>
    public string? SecretHash { get; init; }

    /// <summary>Id of the person who accepted it; null: nobody has.</summary>
    public string? Person { get; init; }

    public DateTimeOffset? AcceptedAt { get; init; }
}
