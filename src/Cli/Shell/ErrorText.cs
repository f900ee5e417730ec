using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>How a failure is shown: what went wrong, each faulty field, what to do next, the code and the request's id.</summary>
internal static class ErrorText
{
    public const string RequestIdDetail = "requestId";

    public static void Write(Terminal terminal, Error error)
    {
        terminal.Error.WriteLine($"{terminal.OnError(Tone.Bad, "Error:")} {error.Message}");
        foreach (var (field, message) in Faults(error)) terminal.Error.WriteLine($"  {field}: {message}");
        if (error.NextStep is { } next) terminal.Error.WriteLine($"  {terminal.OnError(Tone.Strong, "Next:")} {next}");
        var requestId = error.Details?.GetValueOrDefault(RequestIdDetail);
        terminal.Error.WriteLine(terminal.OnError(Tone.Faint, requestId is null ? $"  {error.Code}" : $"  {error.Code} · request {requestId}"));
    }

    /// <summary>2 where the command line itself was wrong, 1 for everything else.</summary>
    public static int ExitCode(Error error) => error.Code is "USAGE" or "INVALID_TIME" ? 2 : 1;

    private static IEnumerable<(string Field, string Message)> Faults(Error error) =>
        (error.Details ?? new Dictionary<string, string>()).Where(d => d.Key != RequestIdDetail).Select(d => (d.Key, d.Value));
}
