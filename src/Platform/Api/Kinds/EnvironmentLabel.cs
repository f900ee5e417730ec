using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// The label <c>environment</c> of a project's resource names an environment that there is: rights are given by it, so a slip must not
/// put something beyond them, or into a stage that nobody looks at.
/// </summary>
internal sealed class EnvironmentLabel(IEntityLog log, Kind kind)
{
    private readonly ResourceLookup environments = new(log, EnvironmentKind.Kind);

    /// <param name="tenant">Of the resource.</param>
    public async ValueTask<ValidationError?> CheckAsync(
        TenantId tenant, IReadOnlyDictionary<string, string>? labels, CancellationToken cancellationToken)
    {
        if (kind.Scope != KindScope.Project || labels is null || !labels.TryGetValue(EnvironmentSpec.Label, out var name)) return null;
        var found = await environments.FindAsync(new Caller(tenant, "system:labels"), name, cancellationToken);
        return found.IsOk && ResourceName.IsValid(name) ? null : new ValidationError($"labels.{EnvironmentSpec.Label}",
            $"There is no environment \"{name.Shortened(80)}\". Create it (strata environments create NAME), or name another.");
    }
}
