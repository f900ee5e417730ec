using Strata.Core;
using Strata.Entities.Conditions;
using Strata.EntityApi.Search;

namespace Strata.EntityApi.Stats;

/// <summary>The errors of statistics; codes are the contract's.</summary>
internal static class StatsErrors
{
    public static readonly Error GroupByMissing = Invalid("MISSING_GROUP_BY", "groupBy must name at least one path, or state.");

    public static Error Malformed(string message) => Invalid("MALFORMED_REQUEST", message);

    public static Error GroupBy(string what) =>
        Invalid("INVALID_GROUP_BY_PATH", what, "Name a member by a path such as $.country, or state.");

    public static Error NoGroupBy(string path, string? near) =>
        Invalid("INVALID_GROUP_BY_PATH", $"The model has no field {path.Shortened(100)} to group by.", SearchErrors.FieldHint(near));

    public static Error NoField(JsonPath path, string? near) =>
        Invalid("INVALID_AGGREGATION_FIELD", $"The model has no field {path.ToString().Shortened(100)}.", SearchErrors.FieldHint(near));

    public static Error GroupByTwice(string path) => Invalid("DUPLICATE_GROUP_BY", $"groupBy names {path} twice.");

    public static Error Operation(string op) => Invalid("INVALID_AGGREGATION_OP", $"\"{op}\" is not an aggregation.",
        "Use sum, avg, min, max or stdev.");

    public static Error Field(string what) => Invalid("INVALID_AGGREGATION_FIELD", what, "Name a member by a path such as $.amount.");

    public static Error AliasTwice(string alias) =>
        Invalid("DUPLICATE_AGGREGATION_ALIAS", $"Two aggregations are named \"{alias}\".", "Give one of them another name with \"as\".");

    public static Error PointInTime() =>
        Invalid("INVALID_POINT_IN_TIME", "\"pointInTime\" in the body must be a time.",
            "Set pointInTime to a time such as 2026-01-31T12:00:00Z (RFC 3339).");

    public static Error Limit(int max) => Invalid("INVALID_LIMIT", $"\"limit\" in the body must be a whole number from 1 to {max}.",
        $"Set limit to a whole number from 1 to {max}.");

    public static Error Operator(Error condition) => condition with { Code = "INVALID_OPERATOR" };

    public static Error TooManyGroups(int max) => new(
        ErrorKind.Unprocessable, "GROUP_CARDINALITY_EXCEEDED", $"There are more than {max} groups.",
        "Narrow the condition, or group by fewer or coarser values.");

    private static Error Invalid(string code, string message, string? next = null) => new(ErrorKind.Invalid, code, message, next);
}
