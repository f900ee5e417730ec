using Spectre.Console;

namespace Strata.Cli.Shell;

/// <summary>
/// Where a command reads and writes. Data goes to <see cref="Out"/>, everything else to <see cref="Error"/>; both pass no control sequences but colours, and those to a
/// terminal only (<see cref="SafeWriter"/>).
/// </summary>
internal sealed record Terminal
{
    private const int WidthWithoutTerminal = 0;

    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }

    /// <summary>Standard error as it is, for displays that move the cursor; what they show is cleaned by whoever makes it. Null: <see cref="Error"/> will do.</summary>
    public TextWriter? RawError { get; init; }

    /// <summary>A person reads the data: tables are cut to the width and times are relative.</summary>
    public bool OutIsTerminal { get; init; }

    /// <summary>A person watches: long work shows a live display.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>A person can be asked.</summary>
    public bool InIsTerminal { get; init; }

    /// <summary>Columns; 0 where there is no terminal, which is no bound.</summary>
    public int Width { get; init; }

    public bool Color { get; init; }
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>This process's. NO_COLOR (any value) and TERM=dumb turn colours off.</summary>
    public static Terminal OfProcess()
    {
        var isTerminal = !Console.IsOutputRedirected;
        return new Terminal
        {
            Out = new SafeWriter(Console.Out, keepsColors: isTerminal),
            Error = new SafeWriter(Console.Error, keepsColors: !Console.IsErrorRedirected),
            RawError = Console.Error,
            OutIsTerminal = isTerminal,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            InIsTerminal = !Console.IsInputRedirected,
            Width = isTerminal ? WidthOfConsole() : WidthWithoutTerminal,
            Color = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb"),
        };
    }

    /// <summary>Spectre's view of standard error, for live displays.</summary>
    public IAnsiConsole ErrorConsole() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = ErrorIsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
        ColorSystem = Color && ErrorIsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = ErrorIsTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        Out = new AnsiConsoleOutput(RawError ?? Error),
    });

    public string OnOut(Tone tone, string text) => Color && OutIsTerminal ? tone.Wrap(text) : text;

    public string OnError(Tone tone, string text) => Color && ErrorIsTerminal ? tone.Wrap(text) : text;

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
        "PENDING" or "QUEUED" or "BUILDING" or "ROLLING_OUT" or "ASSIGNED" or "STARTING" or "DRAINING" or "STOPPING" or "REMOVING" => Tone.Waiting,
        _ => Tone.Plain,
    };
}
