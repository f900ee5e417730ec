using System.Text;

namespace Strata.Cli.Tests.Shell;

/// <summary>
/// What a terminal shows of the bytes written to it: line feeds, carriage returns, erasing to the end of the line, colours, and wrapping at
/// the last column.
/// </summary>
internal sealed class Screen(int width) : TextWriter
{
    private readonly List<StringBuilder> rows = [new()];
    private readonly StringBuilder sequence = new();
    private bool inSequence;
    private int row;
    private int column;

    public override Encoding Encoding => Encoding.UTF8;

    public string Text => string.Join('\n', rows.Select(r => r.ToString().TrimEnd())).TrimEnd('\n');

    /// <summary>Rows that a text filled to the last column and went past, so that it was broken wherever that was.</summary>
    public int Wrapped { get; private set; }

    public override void Write(char value)
    {
        if (inSequence) InSequence(value);
        else if (value == '\e') inSequence = true;
        else if (value == '\n') Move(row + 1, 0);
        else if (value == '\r') column = 0;
        else Put(value);
    }

    private void InSequence(char value)
    {
        sequence.Append(value);
        if (sequence[0] == '[' && !char.IsAsciiLetter(value)) return;
        if (value == 'K') rows[row].Length = Math.Min(rows[row].Length, column);
        // Colours, and modes of the keyboard that .NET sets.
        else Assert.True(value is 'm' or 'h' or 'l' or '=' or '>', $"The sequence ESC{sequence} is not known here.");
        sequence.Clear();
        inSequence = false;
    }

    private void Put(char value)
    {
        if (column == width)
        {
            Wrapped++;
            Move(row + 1, 0);
        }
        var line = rows[row];
        while (line.Length <= column) line.Append(' ');
        line[column++] = value;
    }

    private void Move(int toRow, int toColumn)
    {
        (row, column) = (toRow, toColumn);
        while (rows.Count <= row) rows.Add(new());
    }
}
