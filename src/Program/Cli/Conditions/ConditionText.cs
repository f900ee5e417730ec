using System.Text.Json.Nodes;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Conditions;

/// <summary>
/// A condition as people write it, made into the entity API's JSON: <c>total &gt; 100 and state = 'NEW'</c>.
/// <para>condition = both { "or" both }; both = one { "and" one }; one = "not" one | "(" condition ")" | comparison.
/// comparison = field then one of: = != &lt; &lt;= &gt; &gt;= VALUE, is [not] null, between VALUE and VALUE, [not] in (VALUE, …), [not]
/// contains TEXT, [not] starts with TEXT, [not] ends with TEXT, like TEXT, matches TEXT.</para>
/// <para>A field is a path into the data, with or without <c>$.</c>; the names of an entity's own facts (<c>state</c>, <c>creationDate</c>
/// and so on) mean those unless <c>$.</c> stands before them. A value is a text in quotes, a number, true or false.</para>
/// </summary>
internal sealed class ConditionText
{
    private const int DepthMax = 50;

    private static readonly HashSet<string> Facts = new(StringComparer.Ordinal)
        { "state", "id", "creationDate", "lastUpdateTime", "transitionForLatestSave", "previousTransition", "transactionId" };

    private static readonly Dictionary<string, string> Comparisons = new(StringComparer.Ordinal)
    {
        ["="] = "EQUALS", ["=="] = "EQUALS", ["!="] = "NOT_EQUAL", ["<>"] = "NOT_EQUAL",
        ["<"] = "LESS_THAN", ["<="] = "LESS_OR_EQUAL", [">"] = "GREATER_THAN", [">="] = "GREATER_OR_EQUAL",
    };

    private readonly List<ConditionToken> tokens;
    private int at;
    private int depth;

    private ConditionText(string text) => tokens = ConditionTokens.Read(text);

    private ConditionToken Token => tokens[at];

    /// <exception cref="StrataException">It is not a condition: USAGE, with the place.</exception>
    public static JsonText Parse(string text)
    {
        var reader = new ConditionText(text);
        var condition = reader.ReadAny();
        return reader.Token.Kind == TokenKind.End
            ? JsonText.FromString(condition.ToJsonString())
            : throw Fault(reader.Token.At, $"\"{reader.Token.Value}\" was not expected here: and, or, or the end.");
    }

    public static StrataException Fault(int at, string message) => UsageErrors.Of(
        $"The condition cannot be read at character {at}. {message}",
        "Write it as --where \"total > 100 and state = 'NEW'\", or send the API's JSON with --condition.").ToException();

    private JsonObject ReadAny() => ReadGroup("or", "OR", () => ReadGroup("and", "AND", ReadOne));

    private JsonObject ReadGroup(string word, string @operator, Func<JsonObject> read)
    {
        var first = read();
        if (!Token.IsWord(word)) return first;
        var conditions = new JsonArray(first);
        while (Take(word)) conditions.Add((JsonNode)read());
        return Group(@operator, conditions);
    }

    private JsonObject ReadOne()
    {
        if (++depth > DepthMax) throw Fault(Token.At, $"Conditions are at most {DepthMax} deep.");
        var one = Take("not") ? Group("NOT", [ReadOne()]) : Token.IsSign("(") ? ReadBrackets() : ReadComparison();
        depth--;
        return one;
    }

    private JsonObject ReadBrackets()
    {
        at++;
        var condition = ReadAny();
        Expect(")");
        return condition;
    }

    private JsonObject ReadComparison()
    {
        var field = Token.Kind == TokenKind.Word
            ? tokens[at++].Value : throw Fault(Token.At, "A field was expected, such as total or $.customer.name.");
        if (Token.Kind == TokenKind.Sign && Comparisons.TryGetValue(Token.Value, out var comparison))
        {
            at++;
            return Compare(field, comparison, ReadValue());
        }
        if (Take("is"))
        {
            var isNot = Take("not");
            ExpectWord("null");
            return Compare(field, isNot ? "NOT_NULL" : "IS_NULL", null);
        }
        return Take("between") ? ReadBetween(field) : ReadWord(field, Take("not"));
    }

    private JsonObject ReadBetween(string field)
    {
        var from = ReadValue();
        ExpectWord("and");
        return Compare(field, "BETWEEN_INCLUSIVE", new JsonArray(from, ReadValue()));
    }

    private JsonObject ReadWord(string field, bool isNot)
    {
        if (Take("in"))
        {
            var within = Compare(field, "IN_SET", ReadList());
            return isNot ? Group("NOT", [within]) : within;
        }
        var prefix = isNot ? "NOT_" : "";
        if (Take("contains")) return Compare(field, prefix + "CONTAINS", ReadValue());
        if (TakeWith("starts")) return Compare(field, prefix + "STARTS_WITH", ReadValue());
        if (TakeWith("ends")) return Compare(field, prefix + "ENDS_WITH", ReadValue());
        if (!isNot && Take("like")) return Compare(field, "LIKE", ReadValue());
        if (!isNot && Take("matches")) return Compare(field, "MATCHES_PATTERN", ReadValue());
        throw Fault(
            Token.At, "A comparison was expected: = != < <= > >=, is null, between, in, contains, starts with, ends with, like, matches.");
    }

    private JsonArray ReadList()
    {
        Expect("(");
        var values = new JsonArray { ReadValue() };
        while (Token.IsSign(","))
        {
            at++;
            values.Add((JsonNode)ReadValue());
        }
        Expect(")");
        return values;
    }

    /// <summary>Numbers are kept as they are written, at any length.</summary>
    private JsonNode ReadValue()
    {
        var token = tokens[at];
        if (token.Kind == TokenKind.Text) return Advance(JsonValue.Create(token.Value));
        if (token.IsWord("true") || token.IsWord("false")) return Advance(JsonValue.Create(token.IsWord("true")));
        if (token.Kind == TokenKind.Word && (char.IsAsciiDigit(token.Value[0]) || token.Value[0] == '-')
            && ReadNumber(token.Value) is { } number) return Advance(number);
        throw Fault(token.At, token.Kind == TokenKind.End
            ? "A value was expected." : $"\"{token.Value}\" is not a value: a text stands in quotes.");
    }

    private static JsonNode? ReadNumber(string text)
    {
        try { return JsonNode.Parse(text); }
        catch (System.Text.Json.JsonException) { return null; }
    }

    private JsonNode Advance(JsonNode value)
    {
        at++;
        return value;
    }

    private bool Take(string word)
    {
        if (!Token.IsWord(word)) return false;
        at++;
        return true;
    }

    private bool TakeWith(string word)
    {
        if (!Take(word)) return false;
        ExpectWord("with");
        return true;
    }

    private void ExpectWord(string word)
    {
        if (!Take(word)) throw Fault(Token.At, $"\"{word}\" was expected.");
    }

    private void Expect(string sign)
    {
        if (!Token.IsSign(sign)) throw Fault(Token.At, $"\"{sign}\" was expected.");
        at++;
    }

    private static JsonObject Group(string @operator, JsonArray conditions) =>
        new() { ["type"] = "group", ["operator"] = @operator, ["conditions"] = conditions };

    private static JsonObject Compare(string field, string @operator, JsonNode? value)
    {
        var json = Facts.Contains(field)
            ? new JsonObject { ["type"] = "lifecycle", ["field"] = field }
            : new JsonObject { ["type"] = "simple", ["jsonPath"] = field[0] == '$' ? field : "$." + field };
        json["operatorType"] = @operator;
        if (value is not null) json["value"] = value;
        return json;
    }
}
