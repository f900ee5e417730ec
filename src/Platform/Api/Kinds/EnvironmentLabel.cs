using System.Text.Json;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// The label <c>environment</c> names an environment that there is: rights are given by it, so a slip must not put something beyond them,
/// or into a stage that no one looks at.
/// </summary>
public sealed class EnvironmentLabel(IEntityLog log)
{
    private readonly ResourceLookup environments = new(log, EnvironmentKind.Kind);

    /// <summary>
    /// Whether the labels of a kind's resources are checked. Those that belong to another resource of the project, as releases do, have its
    /// labels, which were checked there.
    /// </summary>
    public static bool IsCheckedOf(Kind kind) => kind.Scope == KindScope.Project
        && !kind.References.Any(r => r.Kind.Scope == KindScope.Project && !kind.SetLater.Contains(r.Field));

    /// <summary>The label among those that a JSON object holds; null: it is not there, or is no text.</summary>
    public static string? In(JsonElement? labels) => labels is { ValueKind: JsonValueKind.Object } given
        && given.TryGetProperty(EnvironmentSpec.Label, out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;

    /// <param name="tenant">Of the resource.</param>
    /// <param name="name">The label's value; null: there is nothing to check.</param>
    /// <param name="field">Of the labels, for the fault.</param>
    public async ValueTask<ValidationError?> CheckAsync(
        TenantId tenant, string? name, string field, CancellationToken cancellationToken)
    {
        if (name is null) return null;
        var found = await environments.FindAsync(new Caller(tenant, "system:labels"), name, cancellationToken);
        return found.IsOk && ResourceName.IsValid(name) ? null : new ValidationError($"{field}.{EnvironmentSpec.Label}",
            $"There is no environment \"{name.Shortened(80)}\". Create it (strata environments create NAME), or name another.");
    }
}
