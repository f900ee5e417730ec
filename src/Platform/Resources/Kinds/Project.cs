using Strata.Contracts;
using Strata.Core;

namespace Strata.Resources.Kinds;

/// <summary>States of a project: ACTIVE, or DELETING while it is checked that nothing is left in it.</summary>
public static class ProjectKind
{
    public const string Active = "ACTIVE";
    public const string Deleting = "DELETING";

    public static readonly Kind<ProjectSpec, Nothing> Kind = new()
    {
        Name = "project",
        Plural = Plurals.Projects,
        IdPrefix = "prj",
        Scope = KindScope.Organization,
        Description = "What belongs together in an organization: deployments with their releases and routes.",
        Workflow = KindWorkflow.Load(typeof(ProjectKind), "project.workflow.json"),
        Writers = [Roles.Developer],
        InitialStatus = Nothing.Instance,
        Deleting = new DeletingMark(Deleting, "begin-delete", "cancel-delete"),
        Validate = spec => DisplayNames.Check(spec.DisplayName),
    };
}

internal static class DisplayNames
{
    public const int LengthMax = 200;

    public static IReadOnlyList<ValidationError> Check(string? name) =>
        name is null or { Length: >= 1 and <= LengthMax }
            ? [] : [new ValidationError("displayName", $"It takes 1 to {LengthMax} characters.")];
}
