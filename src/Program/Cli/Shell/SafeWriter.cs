using System.Text;

namespace Strata.Cli.Shell;

/// <summary>
/// Passes text on without what could control the reader's terminal: applications, builds and other people write much of what a command
/// prints. Escape sequences (ECMA-48), control characters other than tab and line feed, and what turns the direction of text are dropped;
/// colours (SGR) pass where <paramref name="keepsColors"/>. A sequence may be spread over several writes. Not safe for concurrent use, as
/// any writer.
/// </summary>
internal sealed class SafeWriter(TextWriter inner, bool keepsColors) : TextWriter
{
    private const int ParametersMax = 64;

    private readonly StringBuilder parameters = new();
    private State state;

    public override Encoding Encoding => inner.Encoding;

    /// <summary>Text without any of it, for what is shown in other ways than by a writer.</summary>
    public static string Clean(string text)
    {
        using var plain = new StringWriter();
        using var safe = new SafeWriter(plain, keepsColors: false);
        safe.Write(text);
        return plain.ToString();
    }

    public override void Write(char value)
    {
        switch (state)
        {
            case State.Text: WriteText(value); break;
            case State.Escape: AfterEscape(value); break;
            case State.Control: InControl(value); break;
            default: InString(value); break;
        }
    }

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (state == State.Text && !buffer.ContainsAnyInRange('\0', '\u001f') && !buffer.ContainsAnyInRange('\u007f', '\u009f')
            && !buffer.ContainsAnyInRange('\u202a', '\u202e') && !buffer.ContainsAnyInRange('\u2066', '\u2069'))
            inner.Write(buffer);
        else
            foreach (var c in buffer) Write(c);
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync() => inner.FlushAsync();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    private void WriteText(char c)
    {
        if (c == '\e') state = State.Escape;
        else if (c is '\u009b') Begin();
        else if (IsString(c)) state = State.String;
        else if (c is '\t' or '\n' || (!char.IsControl(c) && !IsDirection(c))) inner.Write(c);
    }

    /// <summary>What turns the direction of text, so that it reads as another.</summary>
    private static bool IsDirection(char c) => c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    private void AfterEscape(char c)
    {
        if (c == '[') Begin();
        else if (c is ']' or 'P' or 'X' or '^' or '_') state = State.String;
        else if (c is '\e' or (>= ' ' and <= '/')) state = State.Escape;
        else
        {
            state = State.Text;
            if (c == '\n') inner.Write(c);
        }
    }

    private void Begin()
    {
        parameters.Clear();
        state = State.Control;
    }

    private void InControl(char c)
    {
        if (c is >= ' ' and <= '?')
        {
            if (parameters.Length <= ParametersMax) parameters.Append(c);
            return;
        }
        state = State.Text;
        if (c is < '@' or > '~') WriteText(c); // a broken sequence ends where it breaks
        else if (c == 'm' && keepsColors && IsColor()) inner.Write($"\e[{parameters}m");
    }

    private bool IsColor()
    {
        if (parameters.Length > ParametersMax) return false;
        for (var i = 0; i < parameters.Length; i++)
        {
            if (!char.IsAsciiDigit(parameters[i]) && parameters[i] is not (';' or ':')) return false;
        }
        return true;
    }

    /// <summary>Ends with BEL, ST, or the line: nothing that follows is swallowed for ever.</summary>
    private void InString(char c)
    {
        if (c == '\e') state = State.Escape;
        else if (c is '\a' or '\u009c') state = State.Text;
        else if (c == '\n')
        {
            state = State.Text;
            inner.Write(c);
        }
    }

    /// <summary>DCS, SOS, OSC, PM and APC as single characters.</summary>
    private static bool IsString(char c) => c is '\u0090' or '\u0098' or '\u009d' or '\u009e' or '\u009f';

    private enum State
    {
        Text,
        Escape,
        Control,
        String,
    }
}
