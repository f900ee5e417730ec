using System.Globalization;

namespace Strata.Cli.Shell;

/// <summary>
/// Where a command reads and writes. Data goes to <see cref="Out"/>, everything else to <see cref="Error"/>; both pass no control sequences
/// but colours, and those to a terminal only (<see cref="SafeWriter"/>).
/// </summary>
internal sealed record Terminal
{
    private const int WidthWithoutTerminal = 0;

    /// <summary>Of sentences in a file or a pipe.</summary>
    public const int SentenceWidth = 100;

    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }

    /// <summary>What is piped in, or typed.</summary>
    public TextReader In { get; init; } = Console.In;

    /// <summary>
    /// Standard output as it is, for what moves the cursor; the writer must clean the text. Null: <see cref="Out"/> will do.
    /// </summary>
    public TextWriter? RawOut { get; init; }

    /// <summary>What <see cref="Error"/> writes through where long work shows a status line; null: plain lines.</summary>
    public LiveWriter? Live { get; init; }

    /// <summary>A person reads the data: tables are cut to the width and times are relative.</summary>
    public bool OutIsTerminal { get; init; }

    /// <summary>A person watches standard error.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>A person can be asked.</summary>
    public bool InIsTerminal { get; init; }

    /// <summary>Columns of standard output; 0 where it is no terminal, which is no bound.</summary>
    public int Width { get; init; }

    /// <summary>Columns of standard error; where it is no terminal, those of COLUMNS or 100. 0: no bound.</summary>
    public int ErrorWidth { get; init; }

    public bool Color { get; init; }
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>This process's. NO_COLOR (any value) and TERM=dumb turn colours off.</summary>
    public static Terminal OfProcess()
    {
        var (isTerminal, errorIsTerminal) = (!Console.IsOutputRedirected, !Console.IsErrorRedirected);
        var movesCursor = Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
        var live = errorIsTerminal && movesCursor ? new LiveWriter(Console.Error, WidthOfConsole, TimeProvider.System) : null;
        return new Terminal
        {
            Out = new SafeWriter(Console.Out, keepsColors: isTerminal),
            RawOut = isTerminal && movesCursor ? Console.Out : null,
            Error = TextWriter.Synchronized(new SafeWriter(live ?? Console.Error, keepsColors: errorIsTerminal)),
            Live = live,
            OutIsTerminal = isTerminal,
            ErrorIsTerminal = errorIsTerminal,
            InIsTerminal = !Console.IsInputRedirected,
            Width = isTerminal ? WidthOfConsole() : WidthWithoutTerminal,
            ErrorWidth = errorIsTerminal ? WidthOfConsole() : WidthOfColumns(),
            Color = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && movesCursor,
        };
    }

    /// <summary>Before a display that is drawn again in the same place; nothing where there is no terminal.</summary>
    public void ClearScreen() => RawOut?.Write("\e[H\e[2J");

    public string OnOut(Tone tone, string text) => Color && OutIsTerminal ? tone.Wrap(text) : text;

    public string OnError(Tone tone, string text) => Color && ErrorIsTerminal ? tone.Wrap(text) : text;

    private static int WidthOfColumns() =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var columns)
            ? columns : SentenceWidth;

    private static int WidthOfConsole()
    {
        try { return Math.Max(Console.WindowWidth, 40); }
        catch (IOException) { return 80; }
    }
}

/// <summary>What a colour means.</summary>
internal enum Tone
{
    Plain,
    Good,
    Bad,
    Waiting,
    Strong,
    Faint,
}

internal static class Tones
{
    public static string Wrap(this Tone tone, string text) => tone switch
    {
        Tone.Good => $"\e[32m{text}\e[0m",
        Tone.Bad => $"\e[31m{text}\e[0m",
        Tone.Waiting => $"\e[33m{text}\e[0m",
        Tone.Strong => $"\e[1m{text}\e[0m",
        Tone.Faint => $"\e[2m{text}\e[0m",
        _ => text,
    };

    /// <summary>By the habit of all kinds' workflows; what it does not know is plain.</summary>
    public static Tone OfState(string state) => state switch
    {
        "RUNNING" or "READY" or "UP" or "ACTIVE" => Tone.Good,
        "FAILED" or "DOWN" or "BACKOFF" or "UNREADY" or "REVOKED" => Tone.Bad,
        "PENDING" or "QUEUED" or "BUILDING" or "ROLLING_OUT" or "ASSIGNED" or "STARTING" or "DRAINING" or "STOPPING"
            or "REMOVING" => Tone.Waiting,
        _ => Tone.Plain,
    };
}
