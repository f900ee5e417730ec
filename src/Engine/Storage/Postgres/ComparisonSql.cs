using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Storage.Postgres;

/// <summary>
/// Comparisons of one value with constants. A constant of another type than the value's makes the comparison false, whatever the operator.
/// Casts stand inside <c>case</c>, because SQL is free to evaluate both sides of an <c>and</c>.
/// </summary>
internal sealed class ComparisonSql(SqlParameters parameters)
{
    private const string Never = "false";

    /// <summary>Whether null may stand for false.</summary>
    public bool MayBeNull { get; set; } = true;

    /// <param name="value">An expression of type jsonb, null where there is no such value.</param>
    public string OfJson(string value, Condition.Compare compare) => compare.Operator switch
    {
        Operator.IsNull => $"(coalesce(jsonb_typeof({value}), 'null') = 'null')",
        Operator.NotNull => $"(coalesce(jsonb_typeof({value}), 'null') <> 'null')",
        Operator.In => Among(value, compare.Values),
        Operator.Between or Operator.BetweenInclusive => Range(compare, (o, constant) => JsonAndConstant(value, o, constant)),
        _ => JsonAndConstant(value, compare.Operator, compare.Values[0]),
    };

    /// <param name="value">An expression of type text with collation C, null for a missing value.</param>
    public string OfText(string value, Condition.Compare compare) => compare.Operator switch
    {
        Operator.IsNull => $"({value} is null)",
        Operator.NotNull => $"({value} is not null)",
        Operator.In => Any(compare.Values, constant => TextAndConstant(value, Operator.Equal, constant)),
        Operator.Between or Operator.BetweenInclusive => Range(compare, (o, constant) => TextAndConstant(value, o, constant)),
        _ => TextAndConstant(value, compare.Operator, compare.Values[0]),
    };

    /// <param name="value">An expression of type timestamptz, never null.</param>
    public string OfTime(string value, Condition.Compare compare) => compare.Operator switch
    {
        Operator.IsNull => Never,
        Operator.NotNull => "true",
        Operator.In => Any(compare.Values, constant => TimeAndConstant(value, Operator.Equal, constant)),
        Operator.Between or Operator.BetweenInclusive => Range(compare, (o, constant) => TimeAndConstant(value, o, constant)),
        _ => TimeAndConstant(value, compare.Operator, compare.Values[0]),
    };

    private static string Any(IReadOnlyList<JsonText> constants, Func<JsonText, string> write) =>
        constants.Count == 0 ? Never : $"({string.Join(" or ", constants.Select(write))})";

    private static string Range(Condition.Compare compare, Func<Operator, JsonText, string> write)
    {
        var (low, high) = compare.Operator == Operator.Between
            ? (Operator.Greater, Operator.Less) : (Operator.GreaterOrEqual, Operator.LessOrEqual);
        return $"({write(low, compare.Values[0])} and {write(high, compare.Values[1])})";
    }

    /// <summary>Equality of jsonb is by type and value, numbers at any precision, so that one array of constants serves.</summary>
    private string Among(string value, IReadOnlyList<JsonText> constants)
    {
        var scalars = constants.Where(c => TypeOf(c) is not null).Select(c => c.Utf8).ToArray();
        return scalars.Length == 0 ? Never : Known($"{value} = any({parameters.AddJson(scalars)})");
    }

    private string JsonAndConstant(string value, Operator @operator, JsonText constant) => TypeOf(constant) switch
    {
        null => Never,
        _ when @operator == Operator.Equal => Known($"{value} = {parameters.AddJson(constant.Utf8)}"),
        "string" when @operator == Operator.NotEqual => When(value, "string", $"{value} <> {parameters.AddJson(constant.Utf8)}"),
        "string" => When(value, "string", TextOperation($"({value} #>> '{{}}') collate \"C\"", @operator, constant)),
        "number" => When(value, "number", Symbol(@operator) is { } symbol ? $"({value})::numeric {symbol} {Number(constant)}" : Never),
        _ => When(value, "boolean", Symbol(@operator) is { } symbol
            ? $"({value})::boolean {symbol} ({parameters.AddJson(constant.Utf8)})::boolean" : Never),
    };

    private string Known(string comparison) => MayBeNull ? $"({comparison})" : $"coalesce({comparison}, false)";

    private string Number(JsonText constant) => $"({parameters.AddJson(constant.Utf8)})::numeric";

    private static string When(string value, string type, string then) =>
        then == Never ? Never : $"(case when jsonb_typeof({value}) = '{type}' then {then} else false end)";

    private string TextAndConstant(string value, Operator @operator, JsonText constant) =>
        TypeOf(constant) == "string" ? Known(TextOperation(value, @operator, constant)) : Never;

    private string TextOperation(string text, Operator @operator, JsonText constant)
    {
        var other = StringOf(constant);
        return @operator.WhenFolded() is { } exact
            ? TextOperation($"strata.fold({text})", exact, TextFolding.Fold(other))
            : TextOperation(text, @operator, other);
    }

    private string TextOperation(string text, Operator @operator, string other) => @operator switch
    {
        Operator.Contains => $"strpos({text}, {parameters.Add(other)}) > 0",
        Operator.NotContains => $"strpos({text}, {parameters.Add(other)}) = 0",
        Operator.StartsWith => $"starts_with({text}, {parameters.Add(other)})",
        Operator.NotStartsWith => $"not starts_with({text}, {parameters.Add(other)})",
        Operator.EndsWith => Ending(text, "=", other),
        Operator.NotEndsWith => Ending(text, "<>", other),
        Operator.Like => LikePattern.TryParse(other, out _) ? $"{text} like {parameters.Add(other)}" : Never,
        Operator.MatchesPattern => RegularExpression.TryParse(other, out var expression, out _)
            ? $"{text} ~ {parameters.Add(RegexSql.Write(expression))}" : Never,
        _ => Symbol(@operator) is { } symbol ? $"{text} {symbol} {parameters.Add(other)}" : Never,
    };

    private string Ending(string text, string symbol, string other)
    {
        var end = parameters.Add(other);
        return $"right({text}, length({end})) {symbol} {end}";
    }

    private string TimeAndConstant(string value, Operator @operator, JsonText constant) =>
        Symbol(@operator) is { } symbol && ConditionEvaluator.TryReadTime(constant, out var time)
            ? $"({value} {symbol} {parameters.Add(time)})" : Never;

    private static string? Symbol(Operator @operator) => @operator switch
    {
        Operator.Equal => "=",
        Operator.NotEqual => "<>",
        Operator.Less => "<",
        Operator.LessOrEqual => "<=",
        Operator.Greater => ">",
        Operator.GreaterOrEqual => ">=",
        _ => null,
    };

    /// <summary>The type as jsonb_typeof returns it; null for what never compares.</summary>
    private static string? TypeOf(JsonText constant)
    {
        var reader = new Utf8JsonReader(constant.Utf8.Span);
        if (!reader.Read()) return null;
        return reader.TokenType switch
        {
            JsonTokenType.String => "string",
            JsonTokenType.Number => "number",
            JsonTokenType.True or JsonTokenType.False => "boolean",
            _ => null,
        };
    }

    private static string StringOf(JsonText constant)
    {
        var reader = new Utf8JsonReader(constant.Utf8.Span);
        reader.Read();
        return reader.GetString()!;
    }
}
