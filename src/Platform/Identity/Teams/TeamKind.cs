using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Teams;

/// <summary>States of a team: always ACTIVE.</summary>
public static class TeamKind
{
    private const int MembersMax = 1000;
    private const int DescriptionLengthMax = 500;

    public static readonly Kind<TeamSpec, Nothing> Kind = new()
    {
        Name = "team",
        Plural = Plurals.Teams,
        IdPrefix = "tem",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        FreshSignIn = FreshSignInFor.AllWrites,
        Description = "People of the organization who get rights together.",
        Workflow = KindWorkflow.Load(typeof(TeamKind), "team.workflow.json"),
        InitialStatus = Nothing.Instance,
        Validate = Check,
    };

    private static List<ValidationError> Check(TeamSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Members.Count > MembersMax) faults.Add(new("members", $"It takes at most {MembersMax}."));
        if (spec.Members.Any(m => !ResourceName.IsValid(m)))
            faults.Add(new("members", "Each is the name of a person, as \"strata members\" shows it."));
        if (spec.Members.Distinct(StringComparer.Ordinal).Count() < spec.Members.Count) faults.Add(new("members", "Each is named once."));
        if (spec.Description is { Length: 0 or > DescriptionLengthMax })
            faults.Add(new("description", $"It takes 1 to {DescriptionLengthMax} characters."));
        return faults;
    }
}
