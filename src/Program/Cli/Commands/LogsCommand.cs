using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata logs NAME [-f]</c>: what a deployment's instances write, or one instance, or a release's build.</summary>
internal static class LogsCommand
{
    /// <summary>
    /// Lines that <c>-f</c> begins with where nothing says how many, as <c>tail -f</c> does; a build is shown from its start.
    /// </summary>
    private const int TailOfFollowed = 10;

    private static readonly Argument<string> Target =
        new Argument<string>("name") { Description = "Deployment; or release/NAME, instance/NAME" }.CompletesResources(takesKind: false);

    private static readonly Option<bool> Follow =
        new("--follow", "-f") { Description = "Keep running and show new lines; starts with the last 10 (-n 0: with none)" };
    private static readonly Option<int?> Tail =
        new Option<int?>("--tail", "-n") { Description = "Show only the last N lines", HelpName = "N" }.Between(0);
    private static readonly Option<string?> Since =
        new("--since") { Description = "Only lines from this time on: 10m, \"2h ago\", 2026-11-20T14:00Z", HelpName = "TIME" };

    private static readonly Option<bool?> Times = new("--times", "-t")
    {
        Description = "Show the time of each line [in a terminal: true, otherwise: false]", HelpName = "true|false",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create(Terminal terminal) =>
        new Command("logs", "Show the log of a deployment, an instance or a build") { Target, Follow, Tail, Since, Times }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        DateTimeOffset? since = run.Parse.GetValue(Since) is { } text ? TimeText.Parse(text, run.Now).Value : null;
        var (plural, name) = await ResolveAsync(run, run.Parse.GetRequiredValue(Target), cancellationToken);
        var follow = run.Parse.GetValue(Follow);
        var tail = run.Parse.GetValue(Tail) ?? (follow && since is null && plural != Plurals.Releases ? TailOfFollowed : null);
        if (follow && !run.Quiet && await EmptyLog.BeforeAsync(run, plural, name, cancellationToken) is { } waiting) run.Say(waiting);
        if (await WriteAsync(run, plural, name, new LogQuery { Follow = follow, Tail = tail }, since, cancellationToken) || follow
            || tail == 0) return CommandRunner.Done;
        if (since is not null)
        {
            run.Say($"{name} has written nothing since {StableJson.Time(since.Value)}.");
            return CommandRunner.Done;
        }
        var (reason, release) = await EmptyLog.ExplainAsync(run, plural, name, cancellationToken);
        run.Say(reason);
        // Without an instance, the build is what the reader looks for.
        if (release is not null) await WriteAsync(run, Plurals.Releases, release, new LogQuery { Tail = tail }, null, cancellationToken);
        return CommandRunner.Done;
    }

    /// <returns>Whether there was a line.</returns>
    private static async Task<bool> WriteAsync(
        Run run, string plural, string name, LogQuery query, DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var writer = new LogLines(run, plural == Plurals.Deployments,
            run.Parse.GetResult(Times) is { Implicit: false } ? run.Parse.GetValue(Times) ?? true : run.Terminal.OutIsTerminal)
        {
            FromStart = query.Tail is null && since is null,
        };
        var isEmpty = true;
        await foreach (var line in run.Client.LogsAsync(plural, name, query, cancellationToken))
        {
            if (line.At < since) continue;
            writer.Write(line);
            isEmpty = false;
        }
        return !isEmpty;
    }

    private static async Task<(string Plural, string Name)> ResolveAsync(Run run, string word, CancellationToken cancellationToken)
    {
        if (!word.Contains('/', StringComparison.Ordinal) && !word.Contains('_', StringComparison.Ordinal))
            return (Plurals.Deployments, word);
        var target = (await KindCatalog.LoadAsync(run.Client, cancellationToken)).Parse(word, null);
        return target.Kind.Plural is Plurals.Deployments or Plurals.Releases or Plurals.Instances
            ? (target.Kind.Plural, target.Name)
            : throw UsageErrors.Of($"A {target.Kind.Name} has no log.", "Deployments, releases and instances have one.").ToException();
    }
}

/// <summary>Writes lines of a log, and a mark where the platform has dropped some: it keeps the last of each stream only.</summary>
internal sealed class LogLines(Run run, bool showsSource, bool showsTime)
{
    private readonly Dictionary<string, long> positions = new(StringComparer.Ordinal);

    /// <summary>Whether the first line should be the first that was ever written.</summary>
    public bool FromStart { get; init; }

    public void Write(LogLine line)
    {
        var isKnown = positions.TryGetValue(line.Source, out var last);
        positions[line.Source] = line.Position;
        if (isKnown ? line.Position > last + 1 : FromStart && line.Position > 1) WriteMark(line, isKnown);
        if (run.Format != OutputFormat.Table) run.Terminal.Out.WriteLine(JsonSerializer.Serialize(ToJson(line), WireJson.Options));
        else run.Terminal.Out.WriteLine(Prefix(line) + line.Text);
    }

    private static JsonElement ToJson(LogLine line) =>
        StableJson.Times(JsonSerializer.SerializeToElement(line, WireJson.Of<LogLine>()));

    /// <summary>For machines beside the data: each of their lines is a line of the log.</summary>
    private void WriteMark(LogLine line, bool isKnown)
    {
        var text = isKnown ? "… lines were dropped here: they came faster than they were read."
            : "… older lines were dropped: a log keeps its last 4 MiB.";
        if (run.Format != OutputFormat.Table) run.Say($"{line.Source}: {text}");
        else run.Terminal.Out.WriteLine(Prefix(line) + run.Terminal.OnOut(Tone.Waiting, text));
    }

    private string Prefix(LogLine line)
    {
        var time = showsTime ? TimeText.LineStamp(line.At) + " " : "";
        var source = showsSource ? line.Source + " | " : "";
        return time.Length + source.Length == 0 ? "" : run.Terminal.OnOut(Tone.Faint, time + source);
    }
}
