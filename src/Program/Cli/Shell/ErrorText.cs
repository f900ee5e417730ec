using System.Text.RegularExpressions;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>How a failure is shown: what went wrong, each faulty field, what to do next, the code and the request's id.</summary>
internal static partial class ErrorText
{
    public static void Write(Run run, Error error)
    {
        var faulty = Hints.Faulty(run.Parse, error);
        Write(run.Terminal,
            error with { Message = Complete(error.Message), NextStep = error.NextStep is { } next ? Complete(next) : null });

        string Complete(string text) => Hints.Complete(run.Parse, text, faulty, run.HintContext);
    }

    public static void Write(Terminal terminal, Error error)
    {
        Line($"{terminal.OnError(Tone.Bad, "Error:")} {error.Message}");
        // One that the message says already is not said twice; several are listed whole.
        if (error.Faults is not [var only] || !error.Message.Contains(only.Message.TrimEnd('.'), StringComparison.Ordinal))
        {
            foreach (var fault in error.Faults ?? []) Line($"  {fault.Field}: {fault.Message}");
        }
        if (error.NextStep is { } next) Line($"  {terminal.OnError(Tone.Strong, "Next:")} {next}");
        terminal.Error.WriteLine(
            terminal.OnError(Tone.Faint, error.RequestId is null ? $"  {error.Code}" : $"  {error.Code} · request {error.RequestId}"));

        void Line(string text) => terminal.Error.WriteLine(TextWidth.Wrap(Token().Replace(text, "stk_…"), terminal.ErrorWidth, "    "));
    }

    /// <summary>A token that was given as an argument, or that a server repeats: errors go to logs and screens.</summary>
    [GeneratedRegex("stk_[0-9A-Za-z_-]{8,}", RegexOptions.CultureInvariant)]
    private static partial Regex Token();

    /// <summary>
    /// 2 where the command line or the settings were wrong, 74 where another process has the data folder, and 1 for everything else.
    /// systemd does not retry the first two.
    /// </summary>
    public static int ExitCode(Error error) => error.Code switch
    {
        UsageErrors.Code or TimeText.InvalidTime or SortExpression.InvalidCode or Confirmation.Needed or "CONFIG_INVALID"
            or "SETTING_NEEDED"
            or "SETTINGS_UNREADABLE" => 2,
        "DATA_FOLDER_IN_USE" => CommandRunner.TakenByAnother,
        _ => 1,
    };
}

/// <summary>A command line that cannot be meant.</summary>
internal static class UsageErrors
{
    public const string Code = "USAGE";

    public static Error Of(string message, string next) => new(ErrorKind.Invalid, Code, message, next);
}
