using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Memberships;

/// <summary>States of a membership: always ACTIVE.</summary>
public static class MembershipKind
{
    public static readonly Kind<MembershipSpec, Nothing> Kind = new()
    {
        Name = "membership",
        Plural = Plurals.Memberships,
        IdPrefix = "mem",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        Description = "A person in the organization, with the roles that they have there.",
        Workflow = KindWorkflow.Load(typeof(MembershipKind), "membership.workflow.json"),
        InitialStatus = Nothing.Instance,
        References = [new SpecReference("project", ProjectKind.Kind)],
        UserCreates = false,
        FreshSignIn = FreshSignInFor.Deletions,
        Validate = spec => [.. RoleNames.Check(spec.Roles, spec.Project)],
        ValidateChange = (was, next) => (was.Person, was.Email, was.Invitation) == (next.Person, next.Email, next.Invitation)
            ? [] : [new("", "Only the roles and the project of a membership change.")],
    };
}

/// <summary>Names of roles, as people and invitations hold them.</summary>
internal static class RoleNames
{
    private const int Max = 20;

    /// <param name="project">For which alone they are; null: for all.</param>
    public static IEnumerable<ValidationError> Check(IReadOnlyList<string> roles, string? project)
    {
        if (project is not null && roles.Contains(Roles.Operator))
            yield return new ValidationError("roles", "An operator is one of the whole cloud, and not of one project.");
        if (roles.Count is 0 or > Max) yield return new ValidationError("roles", $"It takes 1 to {Max}.");
        if (roles.Any(r => !ResourceName.IsValid(r)))
            yield return new ValidationError("roles", "Each is the name of a role: small letters, digits and dashes.");
    }
}
