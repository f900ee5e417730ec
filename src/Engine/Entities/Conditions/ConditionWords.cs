using System.Globalization;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Conditions;

/// <summary>Conditions in words, for audit trails and people. Bounded by <see cref="AuditEvent.WordsLengthMax"/>. Stateless.</summary>
public static class ConditionWords
{
    private const int ValueLengthMax = 80;
    private const int BlamedMax = 3;

    /// <summary>For example <c>$.amount GREATER_THAN 100 and state EQUALS "OPEN"</c>.</summary>
    public static string Of(Condition condition) => Bound(Write(condition, isPart: false));

    /// <summary>For example <c>$.amount GREATER_THAN 100 does not hold: it is 50</c>.</summary>
    public static string WhyNot(IReadOnlyList<Verdict> verdicts)
    {
        var blamed = verdicts.Where(verdict => verdict.IsToBlame).ToList();
        var reasons = string.Join("; ", blamed.Take(BlamedMax).Select(Explain));
        return Bound(blamed.Count switch
        {
            0 => "a group without parts does not hold",
            <= BlamedMax => reasons,
            var all => $"{reasons}; and {all - BlamedMax} more",
        });
    }

    /// <summary>A time as RFC 3339 in UTC.</summary>
    public static string Of(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    internal static string Of(Field field) => field switch
    {
        Field.Path path => path.Value.Text,
        Field.Meta meta => ConditionNames.Of(meta.Value),
        _ => throw new ArgumentException($"Unknown field {field}.", nameof(field)),
    };

    internal static string Bound(string text) => text.Length <= AuditEvent.WordsLengthMax
        ? text : text.Start(AuditEvent.WordsLengthMax - 1) + "…";

    internal static JsonText Cut(JsonElement value)
    {
        var raw = value.GetRawText();
        if (raw.Length <= ValueLengthMax) return JsonText.FromString(raw);
        return value.ValueKind switch
        {
            JsonValueKind.String => JsonText.FromString(JsonSerializer.Serialize(value.GetString()!.Start(ValueLengthMax) + "…")),
            JsonValueKind.Object => JsonText.FromString("\"(an object)\""),
            JsonValueKind.Array => JsonText.FromString("\"(an array)\""),
            _ => JsonText.FromString(raw),
        };
    }

    private static string Explain(Verdict verdict)
    {
        var found = verdict.Found.Count switch
        {
            0 => "it is missing",
            1 => $"it is {verdict.Found[0]}",
            _ => $"it has {string.Join(", ", verdict.Found)}",
        };
        return $"{Compare(verdict.Field, verdict.Operator, verdict.Wanted)} {(verdict.Holds ? "holds" : "does not hold")}: {found}";
    }

    private static string Write(Condition condition, bool isPart) => condition switch
    {
        Condition.All all => Group("and", all.Parts, isPart),
        Condition.Any any => Group("or", any.Parts, isPart),
        Condition.Not not => $"not ({Write(not.Part, isPart: false)})",
        Condition.Compare compare => Compare(Of(compare.Field), ConditionNames.Of(compare.Operator), compare.Values),
        _ => throw new ArgumentException($"Unknown condition {condition}.", nameof(condition)),
    };

    private static string Group(string word, IReadOnlyList<Condition> parts, bool isPart)
    {
        // Half the bound is more parts than it has room for: the rest need not be written to be cut off.
        var text = parts.Count == 0 ? $"{word} ()"
            : string.Join($" {word} ", parts.Take(AuditEvent.WordsLengthMax / 2).Select(part => Bound(Write(part, isPart: true))));
        return isPart && parts.Count > 1 ? $"({text})" : text;
    }

    private static string Compare(string field, string @operator, IReadOnlyList<JsonText> constants)
    {
        var shown = constants.Take(BlamedMax).Select(constant => constant.Utf8.Length <= ValueLengthMax
            ? constant.ToString() : Cut(JsonElement.Parse(constant.Utf8.Span)).ToString());
        var list = string.Join(", ", shown) + (constants.Count > BlamedMax ? ", …" : "");
        return list.Length == 0 ? $"{field} {@operator}" : $"{field} {@operator} {list}";
    }
}
