namespace Strata.Contracts;

/// <summary>
/// Gives roles to people, teams or clients, beside those that they have: for all of the organization, for one project, for resources with
/// certain labels, or for a while. Kind <c>binding</c>, organization scope. Deleting it takes them away.
/// </summary>
public sealed record BindingSpec
{
    /// <summary>1 to 50 of <c>person/NAME</c>, <c>team/NAME</c>, <c>client/ID</c>.</summary>
    public required IReadOnlyList<string> Subjects { get; init; }

    /// <summary>1 to 20 names of roles: admin, developer, viewer, auditor, billing, or the organization's own.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Name or id of the only project that it is for; null: the whole organization.</summary>
    public string? Project { get; init; }

    /// <summary>
    /// Only for resources of projects that carry all of these, for example those of one environment. Then what the roles allow beside such
    /// resources, as with business data, is not given. Null or empty: for all.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>It gives nothing from then on; null: until it is deleted.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Why, for those who look at it later; null: no reason is given.</summary>
    public string? Reason { get; init; }
}
