using System.Text.Json.Nodes;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Tests.Support;

/// <summary>Random documents and conditions over a small alphabet, so that they meet often.</summary>
internal static class RandomJson
{
    private static readonly string[] Names = ["a", "b", "c", "näme", "odd name"];
    private static readonly string[] Texts = ["", "a", "ab", "b", "é", "\ue000", "😀", "10", "2", "line\nbreak \"quoted\""];
    private static readonly string[] Numbers = ["0", "-0.0", "1", "1.0", "10e-1", "1e400", "-1e400", "0.1", "0.10000000000000000000000001",
        "9007199254740993", "9007199254740992"];
    private static readonly Operator[] Operators = Enum.GetValues<Operator>();

    public static JsonNode? Value(Random random, int depth) => random.Next(depth <= 0 ? 4 : 6) switch
    {
        0 => null,
        1 => JsonValue.Create(random.Pick(Texts)),
        2 => JsonNode.Parse(random.Pick(Numbers)),
        3 => JsonValue.Create(random.Chance(0.5)),
        4 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth - 1))]),
        _ => Object(random, depth - 1),
    };

    public static JsonObject Object(Random random, int depth)
    {
        var members = Names.Where(_ => random.Chance(0.6)).ToDictionary(name => name, _ => Value(random, depth));
        return new JsonObject(members);
    }

    public static JsonText Document(Random random) => JsonText.FromString(Object(random, 3).ToJsonString());

    public static JsonPath Path(Random random)
    {
        var path = "$";
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            path += random.Next(6) switch { 0 => "[*]", 1 => $"[{random.Next(3)}]", 2 => "['odd name']",
                _ => "." + random.Pick(Names[..4]) };
        }
        return JsonPath.Parse(path);
    }

    public static Condition Condition(Random random, int depth) => random.Next(depth <= 0 ? 2 : 5) switch
    {
        0 or 1 => Comparison(random),
        2 => new Condition.All(Conditions(random, depth)),
        3 => new Condition.Any(Conditions(random, depth)),
        _ => new Condition.Not(Condition(random, depth - 1)),
    };

    public static Condition.Compare Comparison(Random random)
    {
        var @operator = random.Pick(Operators);
        var field = random.Chance(0.8) ? (Field)new Field.Path(Path(random))
            : new Field.Meta(random.Pick(MetaField.State, MetaField.Id, MetaField.TransitionForLatestSave));
        return new Condition.Compare(field, @operator, Constants(random, @operator));
    }

    public static JsonText Constant(Random random, bool onlyText = false) => onlyText || random.Chance(0.4)
        ? JsonText.FromString(JsonValue.Create(random.Pick(Texts)).ToJsonString())
        : JsonText.FromString(random.Chance(0.7) ? random.Pick(Numbers) : random.Pick("true", "false"));

    private static List<Condition> Conditions(Random random, int depth) =>
        [.. Enumerable.Range(0, random.Next(4)).Select(_ => Condition(random, depth - 1))];

    private static List<JsonText> Constants(Random random, Operator @operator)
    {
        var count = @operator switch
        {
            Operator.IsNull or Operator.NotNull => 0,
            Operator.Between or Operator.BetweenInclusive => 2,
            Operator.In => random.Next(5),
            _ => 1,
        };
        return [.. Enumerable.Range(0, count).Select(_ => Constant(random, @operator.IsOfText()))];
    }
}
