namespace Strata.Cli.Shell;

/// <summary>
/// Standard error of a terminal, with a status line at the bottom while long work runs. Everything written to standard error goes through
/// this writer, so that a log line, an error and the status line never share a line: the status line is erased, the text written, and the
/// status line drawn below it. The status line never takes more than one row, because a second row could not be erased. Safe for concurrent
/// use.
/// </summary>
/// <param name="width">Columns of the terminal now; it may be resized at any time.</param>
internal sealed class LiveWriter(TextWriter inner, Func<int> width, TimeProvider time) : TextWriter
{
    private const string EraseLine = "\r\e[K";
    private const string Frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private string? status;
    private ITimer? timer;
    private bool isDrawn;
    private bool isAtLineStart = true;
    private int frame;

    public override System.Text.Encoding Encoding => inner.Encoding;

    /// <summary>Shows a status line until the result is disposed. One at a time.</summary>
    public Display Show(string text)
    {
        lock (gate)
        {
            status = Line(text);
            Draw();
            timer ??= time.CreateTimer(_ => Tick(), null, FrameTime, FrameTime);
        }
        return new Display(this);
    }

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (buffer.IsEmpty) return;
        lock (gate)
        {
            Erase();
            inner.Write(buffer);
            isAtLineStart = buffer[^1] == '\n';
            Draw();
        }
    }

    public override void Flush()
    {
        lock (gate) inner.Flush();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Hide();
        base.Dispose(disposing);
    }

    private static string Line(string text) => new Cell(SafeWriter.Clean(text)).Text;

    private void Replace(string text)
    {
        lock (gate)
        {
            if (status is null) return;
            status = Line(text);
            Draw();
        }
    }

    private void Hide()
    {
        lock (gate)
        {
            Erase();
            status = null;
            timer?.Dispose();
            timer = null;
            inner.Flush();
        }
    }

    /// <summary>Skips a turn while a terminal that has stopped (Ctrl-S) blocks a writer: threads would pile up behind it.</summary>
    private void Tick()
    {
        if (!gate.TryEnter()) return;
        try
        {
            frame++;
            Draw();
        }
        catch (IOException)
        {
            status = null; // The terminal is gone; an exception of a timer would end the process.
        }
        finally
        {
            gate.Exit();
        }
    }

    private void Erase()
    {
        if (isDrawn) inner.Write(EraseLine);
        isDrawn = false;
    }

    /// <summary>Waits for the end of a line that is being written.</summary>
    private void Draw()
    {
        if (status is null || !isAtLineStart) return;
        // A line that fills the last column would move the cursor to the next row on some terminals.
        var text = TextWidth.Cut($"{Frames[frame % Frames.Length]} {status}", Math.Max(width() - 1, 1));
        inner.Write($"\r{text}\e[K");
        inner.Flush();
        isDrawn = true;
    }

    /// <summary>The status line while it is shown.</summary>
    internal readonly struct Display(LiveWriter writer) : IDisposable
    {
        public void Set(string text) => writer.Replace(text);

        public void Dispose() => writer.Hide();
    }
}
