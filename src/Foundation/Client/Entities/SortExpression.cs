using Strata.Core;

namespace Strata.Client;

/// <summary>
/// What to sort by, as the command line and all client libraries read it: <c>amount</c> and <c>amount:asc</c> ascend, <c>amount:desc</c>
/// and <c>-amount</c> descend; the entity's own facts begin with @, as in <c>-@creationDate</c>; several are separated by commas, and the
/// first counts most.
/// </summary>
public static class SortExpression
{
    public const string InvalidCode = "INVALID_SORT";

    /// <summary>Keys in all.</summary>
    public const int KeysMax = 16;

    /// <summary>
    /// The keys in the form of the entity API, <c>PATH</c> or <c>PATH:desc</c>; INVALID_SORT names the one that is wrong.
    /// </summary>
    public static Result<IReadOnlyList<string>> Parse(IEnumerable<string> expressions)
    {
        var keys = new List<string>();
        foreach (var text in expressions.SelectMany(Split))
        {
            if (!ParseOne(text.Trim()).TryGet(out var key, out var error)) return error;
            keys.Add(key);
        }
        return keys.Count <= KeysMax ? keys : Invalid($"There are {keys.Count} fields to sort by, and {KeysMax} is the most.");
    }

    /// <summary>At commas, but not at those inside of a quoted name: <c>$['a,b']</c>.</summary>
    private static IEnumerable<string> Split(string expression)
    {
        var (start, isQuoted) = (0, false);
        for (var i = 0; i < expression.Length; i++)
        {
            if (expression[i] == '\'') isQuoted = !isQuoted;
            if (isQuoted || expression[i] != ',') continue;
            yield return expression[start..i];
            start = i + 1;
        }
        yield return expression[start..];
    }

    private static Result<string> ParseOne(string text)
    {
        var (field, direction) = text switch
        {
            _ when text.EndsWith(":desc", StringComparison.OrdinalIgnoreCase) => (text[..^5], ":desc"),
            _ when text.EndsWith(":asc", StringComparison.OrdinalIgnoreCase) => (text[..^4], ":asc"),
            _ => (text, ""),
        };
        var isNegative = field.StartsWith('-');
        if (isNegative) field = field[1..].TrimStart();
        if (field.Trim() is "" or "@") return Invalid($"\"{text.Shortened(60)}\" names no field to sort by.");
        if (isNegative && direction.Length > 0)
            return Invalid($"\"{text.Shortened(60)}\" gives two directions for {field.Shortened(60)}: - and {direction}.");
        return isNegative || direction == ":desc" ? field + ":desc" : field;
    }

    private static Error Invalid(string message) => new(
        ErrorKind.Invalid, InvalidCode, message,
        "Write FIELD or FIELD:asc to ascend, -FIELD or FIELD:desc to descend; separate several by commas: -amount,customer.name.");
}
