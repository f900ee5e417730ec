using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.EntityApi.Stats;

/// <summary>Reads {groupBy[], condition?, aggregations[]?, pointInTime?, limit?}. Each fault has a code of its own.</summary>
internal static class GroupedStatsReader
{
    private const string State = "state";
    private const int AliasLengthMax = 1024;

    public static Result<GroupedStatsRequest> Read(JsonElement body, int groupsMax)
    {
        if (body.ValueKind != JsonValueKind.Object) return StatsErrors.Malformed("The body must be an object.");
        if (!ReadGroupBy(Member(body, "groupBy")).TryGet(out var groupBy, out var error)) return error;
        if (!ReadCondition(Member(body, "condition")).TryGet(out var condition, out error)) return error;
        if (!ReadAggregations(Member(body, "aggregations")).TryGet(out var aggregations, out error)) return error;
        if (!ReadTime(Member(body, "pointInTime")).TryGet(out var asOf, out error)) return error;
        if (!ReadLimit(Member(body, "limit"), groupsMax).TryGet(out var limit, out error)) return error;
        return new GroupedStatsRequest(groupBy, condition.FirstOrDefault(), aggregations, asOf, limit);
    }

    private static Result<List<(string, Field)>> ReadGroupBy(JsonElement sent)
    {
        if (sent.ValueKind == JsonValueKind.Undefined) return StatsErrors.GroupByMissing;
        if (sent.ValueKind != JsonValueKind.Array) return StatsErrors.Malformed("groupBy must be a list.");
        if (sent.GetArrayLength() == 0) return StatsErrors.GroupByMissing;
        if (sent.GetArrayLength() > Grouping.KeysMax) return StatsErrors.GroupBy($"groupBy names more than {Grouping.KeysMax} paths.");
        var keys = new List<(string Text, Field Field)>();
        foreach (var item in sent.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String) return StatsErrors.Malformed("groupBy must be a list of strings.");
            var text = item.GetString()!;
            Field field = new Field.Meta(MetaField.State);
            if (text != State && !TryReadPath(text, out field!))
                return StatsErrors.GroupBy($"\"{text.Shortened(100)}\" is not a path to group by.");
            if (keys.Any(k => k.Field.Equals(field))) return StatsErrors.GroupByTwice(text.Shortened(100));
            keys.Add((text, field));
        }
        return keys;
    }

    /// <summary>None, or one.</summary>
    private static Result<List<Condition>> ReadCondition(JsonElement sent)
    {
        if (sent.ValueKind == JsonValueKind.Undefined) return new List<Condition>();
        if (ConditionJson.Parse(sent).TryGet(out var condition, out var error)) return new List<Condition> { condition };
        var isOperator = error.Details is { Count: > 0 } faults
            && faults.Keys.All(path => path.EndsWith(".operatorType", StringComparison.Ordinal));
        return isOperator ? StatsErrors.Operator(error) : error;
    }

    private static Result<List<Aggregation>> ReadAggregations(JsonElement sent)
    {
        var aggregations = new List<Aggregation>();
        if (sent.ValueKind == JsonValueKind.Undefined) return aggregations;
        if (sent.ValueKind != JsonValueKind.Array) return StatsErrors.Malformed("aggregations must be a list.");
        if (sent.GetArrayLength() > Grouping.FieldsMax)
            return StatsErrors.Malformed($"At most {Grouping.FieldsMax} aggregations are allowed.");
        foreach (var item in sent.EnumerateArray())
        {
            if (!ReadAggregation(item).TryGet(out var aggregation, out var error)) return error;
            var same = aggregations.Find(a => a.Alias == aggregation.Alias);
            if (same is null) aggregations.Add(aggregation);
            else if (same != aggregation) return StatsErrors.AliasTwice(aggregation.Alias.Shortened(100));
        }
        return aggregations;
    }

    private static Result<Aggregation> ReadAggregation(JsonElement sent)
    {
        if (sent.ValueKind != JsonValueKind.Object) return StatsErrors.Malformed("An aggregation must be an object.");
        var (op, field, alias) = (Text(sent, "op"), Text(sent, "field"), Text(sent, "as"));
        if (op is null || !TryReadOp(op, out var known)) return StatsErrors.Operation((op ?? "").Shortened(100));
        if (field is null || !TryReadPath(field, out var path))
            return StatsErrors.Field($"\"{(field ?? "").Shortened(100)}\" is not a path to a single value.");
        if (alias is null && Member(sent, "as").ValueKind != JsonValueKind.Undefined || alias is { Length: 0 or > AliasLengthMax })
            return StatsErrors.Malformed($"\"as\" must be a text of 1 to {AliasLengthMax} characters.");
        var name = field.StartsWith("$.", StringComparison.Ordinal) ? field[2..] : field;
        return new Aggregation(known, ((Field.Path)path).Value, alias ?? $"{op}_{name}");
    }

    private static Result<AsOf> ReadTime(JsonElement sent)
    {
        if (sent.ValueKind == JsonValueKind.Undefined) return AsOf.Latest;
        return sent.ValueKind == JsonValueKind.String && Rfc3339.TryParse(sent.GetString()!, out var time)
            ? AsOf.At(time) : StatsErrors.PointInTime();
    }

    private static Result<int?> ReadLimit(JsonElement sent, int max)
    {
        if (sent.ValueKind == JsonValueKind.Undefined) return (int?)null;
        return sent.ValueKind == JsonValueKind.Number && sent.TryGetInt32(out var limit) && limit >= 1 && limit <= max
            ? limit : StatsErrors.Limit(max);
    }

    /// <summary>A path to members only: the contents of an array have no single value.</summary>
    private static bool TryReadPath(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Field? field)
    {
        field = JsonPath.TryParse(text, out var path) && path.Steps.Count > 0 && path.Steps.All(s => s.Name is not null)
            ? new Field.Path(path) : null;
        return field is not null;
    }

    private static bool TryReadOp(string text, out AggregateOp op)
    {
        op = text switch { "sum" => AggregateOp.Sum, "avg" => AggregateOp.Avg, "min" => AggregateOp.Min, "max" => AggregateOp.Max,
            _ => AggregateOp.Stdev };
        return op != AggregateOp.Stdev || text == "stdev";
    }

    /// <summary>Null counts as absent.</summary>
    private static JsonElement Member(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : default;

    private static string? Text(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } value
        ? value.GetString() : null;
}
