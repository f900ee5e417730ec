using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>
/// Text in columns, two spaces apart. In a terminal it is cut to the width, the widest columns first; columns that still do not fit are
/// left out, from the right. The first two columns and URLs stay, and URLs and the first column, which names the row, stay whole: cut,
/// they lead nowhere. Elsewhere nothing is cut.
/// </summary>
internal sealed class Table(params string[] headers)
{
    private const int Gap = 2;
    private const int WidthMin = 8;
    private const int ColumnsKept = 2;

    private readonly List<Cell[]> rows = [];

    /// <summary>Whether the last column, whose text must be read whole, takes as many lines as it needs instead of being cut.</summary>
    public bool WrapsLast { get; init; }

    public int Rows => rows.Count;

    public void Add(params Cell[] cells) => rows.Add(cells);

    public void Write(Terminal terminal)
    {
        var header = headers.Select(h => new Cell(h, Tone.Strong)).ToArray();
        var widths = Widths(terminal.Width);
        WriteRow(terminal, header, widths);
        foreach (var row in rows) WriteRow(terminal, row, widths);
    }

    /// <returns>Of each column; 0: it is left out.</returns>
    private int[] Widths(int terminalWidth)
    {
        var widths = headers.Select((h, i) => rows.Select(r => r[i].Text.Length).Append(h.Length).Max()).ToArray();
        if (terminalWidth == 0) return widths;
        var least = widths.Select((w, i) => IsUrl(i) || (i == 0 && w <= terminalWidth * 2 / 3) ? w
            : Math.Min(w, Math.Max(WidthMin, headers[i].Length))).ToArray();
        for (var i = headers.Length - (WrapsLast ? 2 : 1); i >= ColumnsKept && Total(least) > terminalWidth; i--)
        {
            if (!IsUrl(i)) widths[i] = least[i] = 0;
        }
        for (var excess = Total(widths) - terminalWidth; excess > 0; excess--)
        {
            var widest = Enumerable.Range(0, widths.Length).Where(i => widths[i] > least[i]).DefaultIfEmpty(-1)
                .MaxBy(i => i < 0 ? 0 : widths[i]);
            if (widest < 0) break;
            widths[widest]--;
        }
        return widths;
    }

    private bool IsUrl(int column) => rows.Exists(
        r => r[column].Text.StartsWith("http", StringComparison.Ordinal) && r[column].Text.Contains("://", StringComparison.Ordinal));

    private static int Total(int[] widths) => widths.Sum() + Gap * (widths.Count(w => w > 0) - 1);

    private void WriteRow(Terminal terminal, Cell[] cells, int[] widths)
    {
        var last = Array.FindLastIndex(widths, w => w > 0);
        for (var i = 0; i <= last; i++)
        {
            if (widths[i] == 0) continue;
            if (i == last && WrapsLast)
            {
                var indent = new string(' ', Total(widths) - widths[i]);
                var lines = TextWidth.Wrap(cells[i].Text, widths[i]).Replace("\n", "\n" + indent, StringComparison.Ordinal);
                terminal.Out.Write(terminal.OnOut(cells[i].Tone, lines));
                continue;
            }
            var text = Cut(cells[i].Text, widths[i]);
            var padding = i == last ? "" : new string(' ', widths[i] - text.Length + Gap);
            terminal.Out.Write(terminal.OnOut(cells[i].Tone, text) + padding);
        }
        terminal.Out.WriteLine();
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : text.Start(width - 1) + "…";
}

/// <summary>One cell; line breaks and control characters become spaces, so that no value can spoil the table or the terminal.</summary>
internal readonly record struct Cell
{
    public Cell(string text, Tone tone = Tone.Plain) => (Text, Tone) = (Clean(text), tone);

    public string Text { get; }
    public Tone Tone { get; }

    public static implicit operator Cell(string text) => new(text);

    private static string Clean(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
}
