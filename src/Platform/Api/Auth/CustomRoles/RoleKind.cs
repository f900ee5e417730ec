using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.CustomRoles;

/// <summary>States of a role: always ACTIVE.</summary>
public static class RoleKind
{
    private const int PermissionsMax = 200;
    private const int PermissionLengthMax = 100;
    private const int DescriptionLengthMax = 500;

    public static readonly Kind<RoleSpec, Nothing> Kind = new()
    {
        Name = "role",
        Plural = Plurals.Roles,
        IdPrefix = "rol",
        Scope = KindScope.Organization,
        Description = "A set of permissions that tokens can hold.",
        Workflow = KindWorkflow.Load(typeof(RoleKind), "role.workflow.json"),
        InitialStatus = Nothing.Instance,
        ReservedNames = Roles.Names,
        WriteIsAdministrators = true,
        FreshSignIn = FreshSignInFor.AllWrites,
        Validate = Check,
    };

    private static List<ValidationError> Check(RoleSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Permissions.Count is 0 or > PermissionsMax)
            faults.Add(new ValidationError("permissions", $"It takes 1 to {PermissionsMax} of them."));
        if (spec.Permissions.Any(p => p.Length is 0 or > PermissionLengthMax))
            faults.Add(new ValidationError("permissions", $"Each takes 1 to {PermissionLengthMax} characters."));
        if (spec.Description is { Length: > DescriptionLengthMax })
            faults.Add(new ValidationError("description", $"It takes at most {DescriptionLengthMax} characters."));
        return faults;
    }
}
