using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Clients;
using Strata.Resources.Kinds;

namespace Strata.Identity.Bindings;

/// <summary>States of a binding: always ACTIVE; one that has expired gives nothing, and is deleted a week later.</summary>
public static class BindingKind
{
    public const string PersonPrefix = "person/";
    public const string TeamPrefix = "team/";
    public const string ClientPrefix = "client/";

    private const int SubjectsMax = 50;
    private const int RolesMax = 20;
    private const int ReasonLengthMax = 500;

    public static readonly Kind<BindingSpec, Nothing> Kind = new()
    {
        Name = "binding",
        Plural = Plurals.Bindings,
        IdPrefix = "bnd",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        FreshSignIn = FreshSignInFor.AllWrites,
        Description = "Gives roles to people, teams or clients: for the organization, a project, certain labels, or a while.",
        Workflow = KindWorkflow.Load(typeof(BindingKind), "binding.workflow.json"),
        InitialStatus = Nothing.Instance,
        SpecChoosesByLabels = true,
        References = [new SpecReference("project", ProjectKind.Kind)],
        Validate = Check,
    };

    private static List<ValidationError> Check(BindingSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Subjects.Count is 0 or > SubjectsMax) faults.Add(new("subjects", $"It takes 1 to {SubjectsMax}."));
        if (!spec.Subjects.All(IsSubject)) faults.Add(new("subjects", "Each is person/NAME, team/NAME or client/ID."));
        if (spec.Roles.Count is 0 or > RolesMax) faults.Add(new("roles", $"It takes 1 to {RolesMax}."));
        if (spec.Roles.FirstOrDefault(r => Roles.Exists(r) && !Roles.Bindable.Contains(r)) is { } wrong)
            faults.Add(new("roles", $"\"{wrong}\" is given by a membership or a token alone. A binding gives "
                + $"{string.Join(", ", Roles.Bindable)}, "
                + "or a role of the organization's own."));
        if (spec.Labels is { } labels) faults.AddRange(Labels.Check(labels));
        if (spec.Reason is { Length: 0 or > ReasonLengthMax }) faults.Add(new("reason", $"It takes 1 to {ReasonLengthMax} characters."));
        return faults;
    }

    private static bool IsSubject(string text) => text.IndexOf('/', StringComparison.Ordinal) is var slash and > 0
        && text[..(slash + 1)] switch
        {
            PersonPrefix or TeamPrefix => ResourceName.IsValid(text[(slash + 1)..]),
            ClientPrefix => ClientId.TryParse(text[(slash + 1)..], out _),
            _ => false,
        };
}
