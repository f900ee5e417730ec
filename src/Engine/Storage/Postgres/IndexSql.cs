using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Storage.Postgres;

/// <summary>
/// Writes what follows from a comparison for the key that a declared index holds, so that PostgreSQL can use the index. Always beside the
/// comparison itself, never in its place: the key holds less than the value.
/// </summary>
internal sealed class IndexSql(SqlParameters parameters)
{
    // Longer texts have no key.
    private const int ConstantBytesMax = 1_000;

    private const string NumbersFrom = "'-1e200'::jsonb";
    private const string NumbersTo = "'1e200'::jsonb";

    /// <summary>
    /// An index's expression over a path of names, for its definition. Names are quoted, because a definition takes no parameters.
    /// </summary>
    public static string Expression(JsonPath path) =>
        $"strata.index_key({path.Steps.Aggregate("document", (value, step) => $"({value} -> {Literal(step.Name!)})")})";

    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <param name="value">An expression of type jsonb.</param>
    /// <returns>Null where nothing that an index could answer follows.</returns>
    public string? Write(string value, Condition.Compare compare)
    {
        if (compare.Values.Count == 0 || compare.Values.Any(constant => constant.Utf8.Length > ConstantBytesMax)) return null;
        var key = $"strata.index_key({value})";
        if (compare.Operator == Operator.Equal) return $"{key} = {Key(compare.Values[0])}";
        if (compare.Operator == Operator.In) return $"{key} = any(array[{string.Join(", ", compare.Values.Select(Key))}])";
        if (!compare.Values.All(IsNumber)) return null;
        return compare.Operator switch
        {
            Operator.Less or Operator.LessOrEqual => Range(key, NumbersFrom, Key(compare.Values[0])),
            Operator.Greater or Operator.GreaterOrEqual => Range(key, Key(compare.Values[0]), NumbersTo),
            Operator.Between or Operator.BetweenInclusive => Range(key, Key(compare.Values[0]), Key(compare.Values[1])),
            _ => null,
        };
    }

    private static string Range(string key, string from, string to) => $"{key} >= {from} and {key} <= {to}";

    private static bool IsNumber(JsonText constant) => constant.Utf8.Span[0] is (byte)'-' or (>= (byte)'0' and <= (byte)'9');

    private string Key(JsonText constant) => $"strata.index_key({parameters.AddJson(constant.Utf8)})";
}
