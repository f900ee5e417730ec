using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Memberships;
using Strata.Identity.People;
using Strata.Resources.Kinds;

namespace Strata.Identity.Invitations;

/// <summary>States of an invitation: OPEN until it is ACCEPTED.</summary>
public static class InvitationKind
{
    internal const string Open = "OPEN";
    internal const string Accept = "accept";

    public static readonly Kind<InvitationSpec, InvitationStatus> Kind = new()
    {
        Name = "invitation",
        Plural = Plurals.Invitations,
        IdPrefix = "inv",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        Description = "A link by which one person joins the organization.",
        Workflow = KindWorkflow.Load(typeof(InvitationKind), "invitation.workflow.json"),
        InitialStatus = new InvitationStatus(),
        References = [new SpecReference("project", ProjectKind.Kind)],
        HiddenStatus = ["secretHash"],
        Readers = [],
        IsIssued = true,
        Validate = Check,
    };

    private static List<ValidationError> Check(InvitationSpec spec)
    {
        var faults = RoleNames.Check(spec.Roles, spec.Project).ToList();
        if (spec.Email is { } email && !EmailAddress.IsNormal(email))
            faults.Add(new ValidationError("email", "It is one address, in small letters, such as ada@example.com."));
        return faults;
    }
}
