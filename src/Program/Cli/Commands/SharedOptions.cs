using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;

namespace Strata.Cli.Commands;

/// <summary>Options that several commands take; each command has its own copy.</summary>
internal static class SharedOptions
{
    private const int WaitSecondsMax = 7 * 24 * 3600;

    public static Option<string?> At() =>
        new("--at") { Description = "As of an earlier time: 2026-11-20T14:00Z, or \"2h ago\"", HelpName = "TIME" };

    public static Option<bool> NoWait() => new("--detach", "-d") { Description = "Do not wait for the end" };

    public static Option<int> WaitTimeout() =>
        new Option<int>("--wait-timeout") { Description = "Maximum number of seconds to wait", DefaultValueFactory = _ => 900,
            HelpName = "SECONDS" }.Between(1, WaitSecondsMax);

    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask for confirmation" };

    public static Option<string?> Environment(string description) =>
        new Option<string?>("--environment") { Description = description, HelpName = "NAME" }.CompletesNames(Plurals.Environments);

    public static DateTimeOffset? ReadAt(Run run, Option<string?> at) => run.Parse.GetValue(at) is { } text
        ? TimeText.ParsePast(text, run.Now).Value : null;
}
