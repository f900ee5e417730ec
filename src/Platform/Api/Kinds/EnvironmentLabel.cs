using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// The label <c>environment</c> names an environment that there is: rights are given by it, so a slip must not put something beyond them,
/// or into a stage that nobody looks at.
/// </summary>
public sealed class EnvironmentLabel(IEntityLog log)
{
    private readonly ResourceLookup environments = new(log, EnvironmentKind.Kind);

    /// <summary>
    /// Whether the labels of a kind's resources are checked. Those that belong to another resource of the project, as releases do, have its
    /// labels, which were checked there.
    /// </summary>
    internal static bool IsCheckedOf(Kind kind) => kind.Scope == KindScope.Project
        && !kind.References.Any(r => r.Kind.Scope == KindScope.Project && !kind.SetLater.Contains(r.Field));

    /// <param name="tenant">Of the resource.</param>
    /// <param name="field">Of the labels, for the fault.</param>
    public async ValueTask<ValidationError?> CheckAsync(
        TenantId tenant, IReadOnlyDictionary<string, string>? labels, string field, CancellationToken cancellationToken)
    {
        if (labels is null || !labels.TryGetValue(EnvironmentSpec.Label, out var name)) return null;
        var found = await environments.FindAsync(new Caller(tenant, "system:labels"), name, cancellationToken);
        return found.IsOk && ResourceName.IsValid(name) ? null : new ValidationError($"{field}.{EnvironmentSpec.Label}",
            $"There is no environment \"{name.Shortened(80)}\". Create it (strata environments create NAME), or name another.");
    }
}
