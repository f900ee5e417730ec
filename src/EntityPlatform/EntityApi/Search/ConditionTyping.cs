using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;

namespace Strata.EntityApi.Search;

/// <summary>
/// Fits a condition to a model: a constant is read as the type of the field that it is compared with, so that "30" and 30 mean the same,
/// and a field with several types is compared by each. A path that the model has not is INVALID_FIELD_PATH, a constant that fits none of a
/// field's types CONDITION_TYPE_MISMATCH.
/// </summary>
internal sealed class ConditionTyping(ModelFields fields)
{
    /// <summary>A condition from a body, fitted to the model.</summary>
    public static Result<Condition> Read(JsonText body, ModelInfo model) =>
        ConditionJson.Parse(body).Then(new ConditionTyping(new ModelFields(model)).Fit);

    /// <summary>A condition fitted to a model that is there.</summary>
    public static async ValueTask<Result<Condition>> FitAsync(
        ModelCatalog catalog, ModelTarget target, Condition condition, CancellationToken cancellationToken) =>
        (await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, cancellationToken)).TryGet(out var model, out var error)
            ? new ConditionTyping(new ModelFields(model)).Fit(condition) : error;

    public Result<Condition> Fit(Condition condition) => condition switch
    {
        Condition.All all => FitAll(all.Parts).Then<Condition>(parts => new Condition.All(parts)),
        Condition.Any any => FitAll(any.Parts).Then<Condition>(parts => new Condition.Any(parts)),
        Condition.Not not => Fit(not.Part).Then<Condition>(part => new Condition.Not(part)),
        Condition.Compare { Field: Field.Path path } compare => Fit(compare, path.Value),
        _ => condition,
    };

    private Result<Condition[]> FitAll(IReadOnlyList<Condition> parts)
    {
        var fitted = new Condition[parts.Count];
        for (var i = 0; i < fitted.Length; i++)
        {
            if (!Fit(parts[i]).TryGet(out fitted[i]!, out var error)) return error;
        }
        return fitted;
    }

    private Result<Condition> Fit(Condition.Compare compare, JsonPath path)
    {
        if (fields.At(path) is not { } families) return SearchErrors.UnknownPath(path, fields.Nearest(path.ToString()));
        if (compare.Operator is Operator.IsNull or Operator.NotNull) return compare;
        if (families.Count == 0) return SearchErrors.NoScalar(path);
        var ways = families.Where(family => family != FieldFamily.Null).Select(family => As(compare, family)).OfType<Condition>().ToArray();
        if (ways.Length == 0 && !families.SetEquals([FieldFamily.Null])) return SearchErrors.TypeMismatch(path, families);
        return ways.Length switch { 0 => compare, 1 => ways[0], _ => new Condition.Any(ways) };
    }

    /// <returns>Null where it cannot be compared so.</returns>
    private static Condition.Compare? As(Condition.Compare compare, FieldFamily family)
    {
        if (compare.Operator.IsOfText() && family != FieldFamily.Text) return null;
        var constants = compare.Values.Select(value => Convert(value, family)).OfType<JsonText>().ToArray();
        var isEnough = compare.Operator == Operator.In
            ? constants.Length > 0 || compare.Values.Count == 0 : constants.Length == compare.Values.Count;
        return isEnough ? compare with { Values = constants } : null;
    }

    private static JsonText? Convert(JsonText constant, FieldFamily family)
    {
        using var json = constant.Parse();
        var value = json.RootElement;
        if (FamilyOf(value) == family) return constant;
        if (family == FieldFamily.Text) return new JsonText(Encoding.UTF8.GetBytes($"\"{constant}\""));
        if (value.ValueKind != JsonValueKind.String) return null;
        var text = Encoding.UTF8.GetBytes(value.GetString()!);
        if (!JsonGuard.Check(text).IsOk) return null;
        using var inside = new JsonText(text).Parse();
        return FamilyOf(inside.RootElement) == family ? new JsonText(text) : null;
    }

    private static FieldFamily FamilyOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => FieldFamily.Number,
        JsonValueKind.True or JsonValueKind.False => FieldFamily.Boolean,
        JsonValueKind.String => FieldFamily.Text,
        _ => FieldFamily.Null,
    };
}
