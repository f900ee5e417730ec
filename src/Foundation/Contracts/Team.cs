namespace Strata.Contracts;

/// <summary>
/// People of an organization who get rights together, by bindings that name the team. Kind <c>team</c>, organization scope.
/// </summary>
public sealed record TeamSpec
{
    /// <summary>For people; null: none.</summary>
    public string? Description { get; init; }

    /// <summary>Names of members of the organization, at most 1,000.</summary>
    public IReadOnlyList<string> Members { get; init; } = [];
}
