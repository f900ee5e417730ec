namespace Strata.Contracts;

/// <summary>
/// An organization, which is a tenant: the owner of one log. Kind <c>organization</c>, platform scope; its id is the tenant's.
/// </summary>
public sealed record OrganizationSpec
{
    /// <summary>For people; null: the name.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Whether its people need a passkey or another second factor: memberships of those without grant nothing.</summary>
    public bool RequireTwoFactor { get; init; }
}
