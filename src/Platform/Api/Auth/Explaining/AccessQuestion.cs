using Strata.Api.Kinds;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Explaining;

/// <summary>Whether a permission is held, for one resource or for any. It asks what the endpoints ask.</summary>
/// <param name="Kind">Whose permission it is; null: no kind's.</param>
/// <param name="Resource">Null: some resource at least.</param>
internal sealed record AccessQuestion(string Permission, Kind? Kind, EntityRevision? Resource)
{
    /// <summary>Whether whoever it is may, and why, in a sentence without a subject.</summary>
    public (bool Allowed, string Reason) Answer(Principal principal)
    {
        if (!principal.May(Permission)) return (false, $"does not hold {Permission}");
        if (Kind is { Scope: KindScope.Platform } kind && Permission != kind.ReadPermission && !principal.IsOperator)
            return (false, $"holds {Permission}, but {kind.Plural} belong to the cloud itself, and only operators change them");
        if (Resource is null || Kind is null || Scoping.May(principal, Permission, Kind, Resource))
            return (true, $"holds {Permission}{(ScopesOf(principal) is { } scopes ? $", for {scopes}" : "")}");
        return (false, $"holds {Permission}, but not for this one: only for {ScopesOf(principal) ?? "others"}");
    }

    /// <summary>For which resources it is held; null: all of the organization.</summary>
    private string? ScopesOf(Principal principal)
    {
        var scopes = principal.GrantsOf(Permission).Select(g => Text(g.Scope)).ToList();
        return scopes.Contains("") ? null : string.Join(" or ", scopes.Distinct());
    }

    private static string Text(GrantScope scope) => scope switch
    {
        GrantScope.OfProject project => $"the project {project.Project}",
        GrantScope.OfNode node => $"the node {node.Node}",
        GrantScope.WithLabels labels => "resources labelled " + string.Join(", ", labels.Labels.Order().Select(l => $"{l.Key}={l.Value}")),
        GrantScope.Both both => $"{Text(both.First)} and of it {Text(both.Second)}",
        _ => "",
    };
}
