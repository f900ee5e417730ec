namespace Strata.Contracts;

/// <summary>
/// An OpenID Connect provider whose tokens open the organization to its users. Kind <c>oidc-provider</c>, organization scope. Its keys are
/// read from its own documents when they are needed.
/// </summary>
public sealed record ProviderSpec
{
    /// <summary>Ends with <c>/.well-known/openid-configuration</c>; https, or http where private addresses are allowed.</summary>
    public required string WellKnownConfigUri { get; init; }

    /// <summary>Allowed <c>iss</c>; empty: the address without its well-known end, as OpenID Connect Discovery says.</summary>
    public IReadOnlyList<string> Issuers { get; init; } = [];

    /// <summary>
    /// One of these must be in <c>aud</c>; at least one. It separates the organization's users from those of the provider's other
    /// applications.
    /// </summary>
    public IReadOnlyList<string> ExpectedAudiences { get; init; } = [];

    /// <summary>The claim that holds roles; null: <c>user_roles</c>.</summary>
    public string? RolesClaim { get; init; }
}
