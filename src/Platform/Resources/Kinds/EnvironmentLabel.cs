using System.Text.Json;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>
/// The label <c>environment</c> names an environment that there is: rights are given by it, so a slip must not put something beyond them,
/// or into a stage that no one looks at. A user's write that names one is accepted only if the environment is still there when it takes
/// effect. Controllers go on with what is there: an environment that was deleted by force stops no rollout.
/// </summary>
internal sealed class EnvironmentLabel(IEntityLog log, Kind kind)
{
    private readonly ResourceLookup environments = new(log, EnvironmentKind.Kind);

    private readonly string? labels = LabelsOf(kind);

    private string Field => $"{labels}.{EnvironmentSpec.Label}";

    /// <summary>The condition that a resource of the kind is in an environment; null: none of the kind is for itself.</summary>
    public static Condition? InUse(Kind kind, string name) => LabelsOf(kind) is not { } labels ? null : new Condition.Compare(
        new Field.Path(JsonPath.Parse($"$.{labels}['{EnvironmentSpec.Label}']")), Operator.Equal,
        [JsonText.From(name, WireJson.Of<string>())]);

    /// <summary>The environment that a new resource names; null: it names none, or one that is not there, which adds a fault.</summary>
    public async ValueTask<EntityRevision?> ResolveAsync(Caller caller, ResourceDraft draft, CancellationToken cancellationToken)
    {
        if (labels is null || !draft.IsUsers || NameIn(draft) is not { } name) return null;
        var found = await environments.ReadAsync(caller, name, AsOf.Latest, cancellationToken);
        if (Check(name, found.IsOk ? found.Value : null) is not { } fault) return found.Value;
        draft.Faults.Add(fault);
        return null;
    }

    /// <summary>Looks for a reason against a change that names an environment; null: the change names none.</summary>
    public WriteCheck? CheckOf(JsonElement? changedSpec, JsonElement? changedLabels)
    {
        var changed = !kind.SpecChoosesByLabels ? changedLabels : changedSpec is { } spec ? SpecReferences.Find(spec, "labels") : null;
        if (labels is null || changed is not { ValueKind: JsonValueKind.Object } given
            || !given.TryGetProperty(EnvironmentSpec.Label, out var value) || value.ValueKind != JsonValueKind.String) return null;
        var name = value.GetString()!;
        return async (transaction, cancellationToken) =>
        {
            var caller = new Caller(transaction.Tenant, "system:labels");
            var found = await environments.FindAsync(caller, name, cancellationToken);
            var read = found.IsOk ? await transaction.ReadAsync(found.Value.Id, cancellationToken) : found.Error;
            return Check(name, read.IsOk ? read.Value : null) is { } fault ? ResourceErrors.Invalid(kind, [fault]) : null;
        };
    }

    private static string? LabelsOf(Kind kind)
    {
        if (kind.SpecChoosesByLabels) return "spec.labels";
        return kind.Scope == KindScope.Project && !kind.LabelsAreInherited ? "labels" : null;
    }

    private string? NameIn(ResourceDraft draft)
    {
        if (!kind.SpecChoosesByLabels) return draft.Labels?.GetValueOrDefault(EnvironmentSpec.Label);
        return SpecReferences.Find(JsonElement.Parse(draft.Spec.Utf8.Span), $"labels.{EnvironmentSpec.Label}")
            is { ValueKind: JsonValueKind.String } name ? name.GetString() : null;
    }

    /// <param name="environment">Null: no environment has this name. By its id it is not named: rights compare names.</param>
    private ValidationError? Check(string name, EntityRevision? environment)
    {
        if (environment is null || ResourceDocument.NameOf(environment) != name)
            return new ValidationError(Field,
                $"There is no environment \"{name.Shortened(80)}\". Create it (strata environments create NAME), or name another.");
        return environment.State == EnvironmentKind.Deleting
            ? new ValidationError(Field, $"The environment \"{name}\" is being deleted.") : null;
    }
}
