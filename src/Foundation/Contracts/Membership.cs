namespace Strata.Contracts;

/// <summary>
/// A person in an organization, and the roles that they have there. Kind <c>membership</c>, organization scope, named as the person. Made
/// by accepting an invitation; deleting it ends the person's access at once.
/// </summary>
public sealed record MembershipSpec
{
    /// <summary>The person's id.</summary>
    public required string Person { get; init; }

    /// <summary>The person's address when they joined.</summary>
    public required string Email { get; init; }

    /// <summary>Names of roles, built-in ones or the organization's own; at least one.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Name or id of the only project they may see; null: the whole organization.</summary>
    public string? Project { get; init; }

    /// <summary>Id of the invitation that they accepted.</summary>
    public string? Invitation { get; init; }
}
