using System.Diagnostics.CodeAnalysis;

namespace Strata.Entities.Conditions;

/// <summary>
/// A path into a document: <c>$</c>, then <c>.name</c>, <c>['any name']</c>, <c>[3]</c> or <c>[*]</c>. That is all of JSONPath that a
/// condition needs. At most <see cref="StepsMax"/> steps and <see cref="LengthMax"/> characters.
/// </summary>
public sealed record JsonPath
{
    public const int StepsMax = 50;
    public const int LengthMax = 1024;

    private static readonly System.Buffers.SearchValues<char> NotInPlainName = System.Buffers.SearchValues.Create(" '\"]()?@\0");

    private JsonPath(IReadOnlyList<Step> steps, string text) => (Steps, Text) = (steps, text);

    public IReadOnlyList<Step> Steps { get; }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    public bool HasWildcard => Steps.Any(s => s is { Name: null, Index: null });

    /// <summary>One step: a member by name, an element by index, or (both null) every element.</summary>
    public readonly record struct Step(string? Name, int? Index);

    public static JsonPath Parse(string text) => TryParse(text, out var path)
        ? path : throw new FormatException($"\"{text}\" is not a path.");

    public static bool TryParse(string text, [NotNullWhen(true)] out JsonPath? path)
    {
        path = null;
        if (text.Length is 0 or > LengthMax || text[0] != '$') return false;
        var steps = new List<Step>();
        for (var at = 1; at < text.Length;)
        {
            if (steps.Count == StepsMax || !TryReadStep(text, ref at, out var step)) return false;
            steps.Add(step);
        }
        path = new JsonPath(steps, text);
        return true;
    }

    public bool Equals(JsonPath? other) => other is not null && Steps.SequenceEqual(other.Steps);

    public override int GetHashCode() => Steps.Aggregate(0, HashCode.Combine);

    public override string ToString() => Text;

    private static bool TryReadStep(string text, ref int at, out Step step) => text[at] switch
    {
        '.' => TryReadName(text, ref at, out step),
        '[' => TryReadBracket(text, ref at, out step),
        _ => Fail(out step),
    };

    private static bool TryReadName(string text, ref int at, out Step step)
    {
        var end = at + 1;
        while (end < text.Length && text[end] is not ('.' or '[')) end++;
        var name = text[(at + 1)..end];
        at = end;
        step = new Step(name, null);
        return name.Length > 0 && name != "*" && name.AsSpan().IndexOfAny(NotInPlainName) < 0;
    }

    private static bool TryReadBracket(string text, ref int at, out Step step)
    {
        if (at + 1 < text.Length && text[at + 1] == '\'') return TryReadQuoted(text, ref at, out step);
        var close = text.IndexOf(']', at);
        if (close < 0) return Fail(out step);
        var inside = text.AsSpan(at + 1, close - at - 1);
        at = close + 1;
        if (inside is "*") { step = default; return true; }
        var isIndex = int.TryParse(inside, System.Globalization.NumberStyles.None, null, out var index);
        step = new Step(null, index);
        return isIndex;
    }

    private static bool TryReadQuoted(string text, ref int at, out Step step)
    {
        var close = text.IndexOf("']", at + 2, StringComparison.Ordinal);
        if (close < 0) return Fail(out step);
        var name = text[(at + 2)..close];
        at = close + 2;
        step = new Step(name, null);
        return name.Length > 0 && !name.Contains('\0') && !name.Contains('\'');
    }

    private static bool Fail(out Step step) { step = default; return false; }
}
