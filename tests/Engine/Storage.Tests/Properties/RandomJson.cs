using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Storage.Tests.Properties;

/// <summary>
/// Documents and conditions from a small vocabulary, so that they meet often, with the values that tend to differ between stores.
/// </summary>
internal sealed class RandomJson(Random random)
{
    public static readonly string[] Names = ["a", "b", "0", "ü", "x y", "a.b", "$", "-1", "%", "\\"];

    private static readonly string[] Scalars =
    [
        "null", "true", "false", "0", "-0", "-0.0", "1", "1.0", "1.00", "10e-1", "-1", "0.1", "1e2", "100", "2", "9007199254740993",
        "9007199254740992",
        "123456789012345678901234567890", "123456789012345678901234567890.5", "1e400", "-1e400", "1e-400",
        "0.1000000000000000055511151231257827",
        "\"\"", "\"a\"", "\"A\"", "\"aa\"", "\"ab\"", "\"aB\"", "\"Ä\"", "\"İ\"", "\"ς\"", "\"Σ\"", "\"b\"", "\"ä\"", "\"a\\u0308\"",
        "\"z\"", "\"😀\"", "\"\\uffff\"", "\"\\ue000\"", "\"a b\"", "\"%\"", "\"_\"",
        "\"\\\\\"", "\"\\\"\"", "\"'\"", "\"1\"", "\"true\"", "\"null\"", "\"2026-01-01T00:00:00Z\"", "\"2026-11\"", "\"2027\"",
        "\"a\\nb\"", "\"\\t\"",
    ];

    // Patterns of LIKE and MATCHES_PATTERN; some are none.
    private static readonly string[] Patterns =
    [
        "%", "_", "a%", "%b", "_b", "__", "\\%", "\\a", "\\", "a\\", "%\n%", "%\u0308", ".", ".*", "a|b", "[a-z]+", "[^a]", "^a$",
        "(a|b){1,2}", "(?:)", "()", "a|", "a{0}", "a{0,}b?", "\\d+", "\\W",
        "\\w*", "[\\s\\d]*", "[]a]", "[a-]", "😀", "[😀-😂ä]", ".\u0308?", "(a*)*", "(|a)+b*?", "(", "[", "a**", "\\x", "a$|^b", "(^)a",
        "\u0061\\.?", "{", "a{,2}", "[[]", "[\\]]", "\\t",
    ];

    public JsonText Document() => JsonText.FromString(Object(3));

    public Condition Condition(int depth = 3) => depth == 0 ? Compare() : random.Next(6) switch
    {
        0 => new Condition.All(Parts(depth)),
        1 => new Condition.Any(Parts(depth)),
        2 => new Condition.Not(Condition(depth - 1)),
        _ => Compare(),
    };

    public Entities.Log.SortKey SortKey() => new(
        Field() is Field.Path { Value: var path } && !path.HasWildcard
            ? new Field.Path(path) : new Field.Meta(random.Pick(Enum.GetValues<MetaField>())), random.Next(2) == 0);

    /// <summary>A condition of which about half compares one path.</summary>
    public Condition Condition(int depth, JsonPath path)
    {
        var of = Compare() with { Field = new Field.Path(path) };
        return depth == 0 ? of : random.Next(3) switch
        {
            0 => new Condition.All([of, Condition(depth - 1)]),
            1 => new Condition.Any([of, Condition(depth - 1, path)]),
            _ => new Condition.Not(Condition(depth - 1, path)),
        };
    }

    private Condition[] Parts(int depth) => [.. Enumerable.Range(0, random.Next(4)).Select(_ => Condition(depth - 1))];

    private Condition.Compare Compare()
    {
        var @operator = random.Pick(Enum.GetValues<Operator>());
        var count = @operator switch
        {
            Operator.IsNull or Operator.NotNull => 0,
            Operator.Between or Operator.BetweenInclusive => 2,
            Operator.In => random.Next(5),
            _ => 1,
        };
        var constants = Enumerable.Range(0, count)
            .Select(_ => @operator is Operator.Like or Operator.MatchesPattern ? Pattern() : Constant());
        return new Condition.Compare(Field(), @operator, [.. constants.Select(JsonText.FromString)]);
    }

    private string Pattern() => random.Next(4) == 0 ? Constant() : JsonSerializer.Serialize(random.Pick(Patterns));

    private string Constant() => random.Next(20) == 0 ? random.Pick("[]", "{}", "[1]", "{\"a\":1}") : random.Pick(Scalars);

    private Field Field() => random.Next(12) == 0
        ? new Field.Meta(
            random.Pick(MetaField.State, MetaField.TransitionForLatestSave, MetaField.CreationDate, MetaField.Id, MetaField.TransactionId))
        : new Field.Path(JsonPath.Parse("$" + string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => Step()))));

    private string Step() => random.Next(4) switch
    {
        0 => "[*]",
        1 => $"[{random.Next(3)}]",
        _ => $"['{random.Pick(Names)}']",
    };

    private string Value(int depth) => depth == 0 ? random.Pick(Scalars) : random.Next(5) switch
    {
        0 => Object(depth - 1),
        1 or 2 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth - 1)))}]",
        _ => random.Pick(Scalars),
    };

    private string Object(int depth)
    {
        var names = Names.Where(_ => random.Next(2) == 0);
        return "{" + string.Join(',', names.Select(n => $"{JsonSerializer.Serialize(n)}:{Value(depth)}")) + "}";
    }
}
