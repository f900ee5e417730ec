namespace Strata.Cli.Conditions;

internal enum TokenKind
{
    /// <summary>A field, a keyword, a number, true or false: what it is shows where it stands.</summary>
    Word,

    /// <summary>In quotes, which are not part of it.</summary>
    Text,

    /// <summary>A comparison, a bracket or a comma.</summary>
    Sign,
    End,
}

/// <param name="At">Where it begins, from 1.</param>
internal readonly record struct ConditionToken(TokenKind Kind, string Value, int At)
{
    public bool IsSign(string sign) => Kind == TokenKind.Sign && Value == sign;

    public bool IsWord(string word) => Kind == TokenKind.Word && Value.Equals(word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Cuts the text of a condition into tokens.</summary>
internal static class ConditionTokens
{
    private static readonly string[] Signs = ["<>", "!=", "<=", ">=", "==", "=", "<", ">", "(", ")", ","];

    public static List<ConditionToken> Read(string text)
    {
        var tokens = new List<ConditionToken>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at])) at++;
            else tokens.Add(Next(text, ref at));
        }
        tokens.Add(new ConditionToken(TokenKind.End, "", text.Length + 1));
        return tokens;
    }

    private static ConditionToken Next(string text, ref int at)
    {
        var start = at;
        if (text[at] is '\'' or '"') return new ConditionToken(TokenKind.Text, Quoted(text, ref at), start + 1);
        if (Array.Find(Signs, s => string.CompareOrdinal(text, start, s, 0, s.Length) == 0) is { } sign)
        {
            at += sign.Length;
            return new ConditionToken(TokenKind.Sign, sign, start + 1);
        }
        while (at < text.Length && !EndsWord(text[at])) at = text[at] == '[' ? EndOfBracket(text, at) : at + 1;
        return at > start ? new ConditionToken(TokenKind.Word, text[start..at], start + 1)
            : throw ConditionText.Fault(start + 1, $"\"{text[at]}\" means nothing here.");
    }

    /// <summary>A quote in the text is written twice.</summary>
    private static string Quoted(string text, ref int at)
    {
        var (quote, start) = (text[at], at);
        var value = new System.Text.StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != quote) value.Append(text[at]);
            else if (at + 1 < text.Length && text[at + 1] == quote) value.Append(text[++at]);
            else
            {
                at++;
                return value.ToString();
            }
        }
        throw ConditionText.Fault(start + 1, "The text that begins here has no end.");
    }

    /// <summary>Behind a bracket of a path, which may hold any name: $['odd name'].</summary>
    private static int EndOfBracket(string text, int at)
    {
        var end = text.IndexOf(']', at);
        return end < 0 ? throw ConditionText.Fault(at + 1, "The bracket that begins here has no end.") : end + 1;
    }

    private static bool EndsWord(char c) => char.IsWhiteSpace(c) || c is '\'' or '"' or '=' or '<' or '>' or '!' or '(' or ')' or ',';
}
