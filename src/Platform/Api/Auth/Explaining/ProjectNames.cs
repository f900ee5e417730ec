using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Explaining;

/// <summary>Names of the projects that grants are for, which themselves know ids. For one answer.</summary>
internal sealed class ProjectNames(IEntityLog log, TenantId organization)
{
    private readonly ResourceLookup projects = new(log, ProjectKind.Kind);
    private readonly Dictionary<string, string> known = new(StringComparer.Ordinal);

    /// <summary>Which resources a scope covers, after "for"; null: all of the organization.</summary>
    /// <param name="names">Null: projects are shown by their ids.</param>
    public static string? Text(GrantScope scope, ProjectNames? names) => scope switch
    {
        GrantScope.OfProject project => $"the project {names?.Of(project.Project) ?? project.Project}",
        GrantScope.OfNode node => $"the node {node.Node}",
        GrantScope.WithLabels labels => $"what is labelled {string.Join(" and ", labels.Labels.Select(l => $"{l.Key}={l.Value}"))}",
        GrantScope.Both both => $"{Text(both.First, names)} and {Text(both.Second, names)}",
        _ => null,
    };

    /// <summary>Reads the names that a principal's grants need.</summary>
    public async ValueTask LearnAsync(Principal principal, CancellationToken cancellationToken)
    {
        foreach (var id in principal.Grants.Select(g => g.Scope.OnlyProject).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (known.ContainsKey(id)) continue;
            var found = await projects.ReadAsync(new Caller(organization, "system:access"), id, AsOf.Latest, cancellationToken);
            known[id] = found.IsOk ? ResourceDocument.NameOf(found.Value) : id;
        }
    }

    public string Of(string id) => known.GetValueOrDefault(id, id);
}
