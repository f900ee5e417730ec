using Strata.Contracts;
using Strata.Core;

namespace Strata.Resources.Kinds;

/// <summary>States of an environment: ACTIVE, or DELETING while it is checked that nothing is left in it.</summary>
public static class EnvironmentKind
{
    public const string Deleting = "DELETING";

    public static readonly Kind<EnvironmentSpec, Nothing> Kind = new()
    {
        Name = "environment",
        Plural = Plurals.Environments,
        IdPrefix = "env",
        Scope = KindScope.Organization,
        Description = "A stage that applications go through, such as staging: what carries its label is in it.",
        Workflow = KindWorkflow.Load(typeof(EnvironmentKind), "environment.workflow.json"),
        Writers = [Roles.Developer],
        InitialStatus = Nothing.Instance,
        Deleting = new DeletingMark(Deleting, "begin-delete", "cancel-delete") { Forced = "an environment that something is in" },
        Validate = spec => DisplayNames.Check(spec.DisplayName),
    };
}
