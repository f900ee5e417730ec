using System.Text;

namespace Strata.Cli.Shell;

/// <summary>
/// How many columns text takes in a terminal, and text brought to a width. Colours (SGR) take none; East Asian wide characters take two.
/// </summary>
internal static class TextWidth
{
    private const char FirstWide = '\u1100';
    private const string Ellipsis = "…";

    public static int Of(ReadOnlySpan<char> text)
    {
        var columns = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\e')
            {
                var end = text[i..].IndexOf('m');
                if (end < 0) return columns;
                i += end;
            }
            else columns += ColumnsOf(text[i]);
        }
        return columns;
    }

    /// <summary>Text without colours, with an ellipsis where it was cut.</summary>
    public static string Cut(string text, int width)
    {
        if (Of(text) <= width) return text;
        var (columns, length) = (1, 0);
        while (length < text.Length && columns + ColumnsOf(text[length]) <= width) columns += ColumnsOf(text[length++]);
        if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        return text[..length] + Ellipsis;
    }

    /// <summary>
    /// Breaks lines at spaces so that they fit. A word that is wider than a line stays whole, such as a URL: a reader who copies it must
    /// get all of it. A command of the program stays whole where a line has room for it.
    /// </summary>
    /// <param name="width">Columns; 0: no limit.</param>
    /// <param name="indent">Before each line that continues another.</param>
    public static string Wrap(string text, int width, string indent = "")
    {
        if (width <= 0 || (Of(text) <= width && !text.Contains('\n', StringComparison.Ordinal))) return text;
        return string.Join('\n', text.Split('\n').Select(line => WrapLine(line, width, indent)));
    }

    private static string WrapLine(string text, int width, string indent)
    {
        if (Of(text) <= width) return text;
        var wrapped = new StringBuilder();
        var (column, isFirst) = (0, true);
        foreach (var word in Words(text, width - Of(indent)))
        {
            var columns = Of(word);
            if (!isFirst && column > indent.Length && column + 1 + columns > width)
            {
                if (word.Length == 0) continue;
                wrapped.Append('\n').Append(indent);
                column = Of(indent);
            }
            else if (!isFirst)
            {
                wrapped.Append(' ');
                column++;
            }
            wrapped.Append(word);
            column += columns;
            isFirst = false;
        }
        return wrapped.ToString();
    }

    /// <summary>
    /// The words of a line; a command, such as "strata logs shop -f", is one: to the end of its quotes, or of the sentence.
    /// </summary>
    /// <param name="room">Columns that a command may take.</param>
    private static IEnumerable<string> Words(string line, int room)
    {
        var words = line.Split(' ');
        for (var (start, end) = (0, 0); start < words.Length; start = end = end + 1)
        {
            if (words[start].TrimStart('(') is "strata" or "\"strata" && start + 1 < words.Length)
                end = EndOfCommand(words, start, words[start].Contains('"', StringComparison.Ordinal));
            if (Of(string.Join(' ', words[start..(end + 1)])) > room) end = start;
            yield return string.Join(' ', words[start..(end + 1)]);
        }
    }

    /// <returns>The start, where it is no command of the program.</returns>
    private static int EndOfCommand(string[] words, int start, bool isQuoted)
    {
        var next = words[start + 1];
        if (!CommandNames.All.Contains(next.TrimEnd('"', '.', ',', ';', ':', ')')) && !next.StartsWith('-')) return start;
        for (var end = start + 1; end < words.Length; end++)
        {
            var word = words[end];
            if (isQuoted ? word.Contains('"', StringComparison.Ordinal) : word is [_, .., '.' or ',' or ';' or ':' or ')']) return end;
            if (!isQuoted && end + 1 < words.Length && words[end + 1] is "" or "or" or "and" or "#") return end;
        }
        return isQuoted ? start : words.Length - 1;
    }

    private static int ColumnsOf(char c) => c < FirstWide || c is >= '\u2000' and < '\u2e80' ? 1 : char.IsLowSurrogate(c) ? 0 : 2;
}
