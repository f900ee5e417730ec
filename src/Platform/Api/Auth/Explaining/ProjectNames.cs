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
