using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Text in columns, two spaces apart. In a terminal it is cut to the width, the widest columns first; elsewhere nothing is cut.</summary>
internal sealed class Table(params string[] headers)
{
    private const int Gap = 2;
    private const int WidthMin = 8;

    private readonly List<Cell[]> rows = [];

    public int Rows => rows.Count;

    public void Add(params Cell[] cells) => rows.Add(cells);

    public void Write(Terminal terminal)
    {
        var header = headers.Select(h => new Cell(h, Tone.Strong)).ToArray();
        var widths = Widths(terminal.Width);
        WriteRow(terminal, header, widths);
        foreach (var row in rows) WriteRow(terminal, row, widths);
    }

    private int[] Widths(int terminalWidth)
    {
        var widths = headers.Select((h, i) => rows.Select(r => r[i].Text.Length).Append(h.Length).Max()).ToArray();
        if (terminalWidth == 0) return widths;
        for (var excess = widths.Sum() + Gap * (widths.Length - 1) - terminalWidth; excess > 0; excess--)
        {
            var widest = Array.IndexOf(widths, widths.Max());
            if (widths[widest] <= WidthMin) break;
            widths[widest]--;
        }
        return widths;
    }

    private static void WriteRow(Terminal terminal, Cell[] cells, int[] widths)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            var text = Cut(cells[i].Text, widths[i]);
            var padding = i == cells.Length - 1 ? "" : new string(' ', widths[i] - text.Length + Gap);
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
