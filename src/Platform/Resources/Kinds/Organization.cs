using Strata.Contracts;
using Strata.Core;

namespace Strata.Resources.Kinds;

/// <summary>States of an organization: ACTIVE, or DELETING while it is checked that nothing is left in it.</summary>
public static class OrganizationKind
{
    public const string Active = "ACTIVE";
    public const string Deleting = "DELETING";

    public static readonly Kind<OrganizationSpec, Nothing> Kind = new()
    {
        Name = "organization",
        Plural = Plurals.Organizations,
        IdPrefix = "org",
        Scope = KindScope.Platform,
        FreshSignIn = FreshSignInFor.AllWrites,
        Description = "The owner of projects, entities and people: a tenant with its own log.",
        Workflow = KindWorkflow.Load(typeof(OrganizationKind), "organization.workflow.json"),
        InitialStatus = Nothing.Instance,
        Deleting = new DeletingMark(Deleting, "begin-delete", "cancel-delete"),
        TenantsRead = true,
        Validate = spec => DisplayNames.Check(spec.DisplayName),
    };
}
