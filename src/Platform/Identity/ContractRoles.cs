using Strata.Api.Auth;
using Strata.Contracts;

namespace Strata.Identity;

/// <summary>Roles as access tokens name them, and what each is here. A name that means nothing here grants nothing.</summary>
internal static class ContractRoles
{
    public const string Admin = "ROLE_ADMIN";
    public const string Machine = "ROLE_M2M";

    private const string Prefix = "ROLE_";

    public static readonly IReadOnlyList<string> OfClients = [Machine, Admin];

    /// <summary>What may be had by an access token; never those of the cloud's own parts, nor the operator's.</summary>
    private static readonly Dictionary<string, string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        [Admin] = Roles.Admin, [Machine] = Roles.Machine, ["ROLE_DEVELOPER"] = Roles.Developer, ["ROLE_VIEWER"] = Roles.Viewer,
    };

    public static IReadOnlySet<string> PermissionsOf(RoleCatalog catalog, IReadOnlyList<string> roles) =>
        catalog.PermissionsOf(
            roles.Select(r => Known.GetValueOrDefault(r.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? r : Prefix + r))
                .OfType<string>());

    /// <summary>A role of Strata's own in the contract's words: <c>admin</c> is ROLE_ADMIN.</summary>
    public static string NameOf(string role) =>
        role == Roles.Machine ? Machine : role.StartsWith(Prefix, StringComparison.Ordinal) ? role : Prefix + role.ToUpperInvariant();
}
