using Strata.Contracts;
using Strata.Core;

namespace Strata.Resources.Kinds;

/// <summary>States of an environment: always ACTIVE.</summary>
public static class EnvironmentKind
{
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
        Validate = spec => DisplayNames.Check(spec.DisplayName),
    };
}
