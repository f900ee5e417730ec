namespace Strata.Contracts;

/// <summary>
/// What belongs together in an organization: deployments with their routes and releases. Kind <c>project</c>, organization scope.
/// </summary>
public sealed record ProjectSpec
{
    /// <summary>For people; null: the name.</summary>
    public string? DisplayName { get; init; }
}
