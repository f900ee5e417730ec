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
    private static readonly Argument<string> Target = new Argument<string>("name") { Description = "Deployment; or release/NAME, instance/NAME" }.CompletesNames("deployments");
    private static readonly Option<bool> Follow = new("--follow", "-f") { Description = "Follow: keep running and show what is new" };
    private static readonly Option<int?> Tail = new Option<int?>("--tail", "-n") { Description = "Show only the last lines", HelpName = "N" }.Between(0);

    public static Command Create(Terminal terminal) => new Command("logs", "Show the log of a deployment, an instance or a build") { Target, Follow, Tail }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var (plural, name) = await ResolveAsync(run, run.Parse.GetRequiredValue(Target), cancellationToken);
        var query = new LogQuery { Follow = run.Parse.GetValue(Follow), Tail = run.Parse.GetValue(Tail) };
        if (query.Follow && !run.Quiet && await EmptyLog.BeforeAsync(run, plural, name, cancellationToken) is { } waiting) run.Say(waiting);
        var isEmpty = true;
        await foreach (var line in run.Client.LogsAsync(plural, name, query, cancellationToken))
        {
            Write(run, line, showSource: plural == Plurals.Deployments);
            isEmpty = false;
        }
        if (isEmpty && query is { Follow: false, Tail: not 0 } && !run.Quiet) run.Say(await EmptyLog.ExplainAsync(run, plural, name, cancellationToken));
        return CommandRunner.Done;
    }

    private static async Task<(string Plural, string Name)> ResolveAsync(Run run, string word, CancellationToken cancellationToken)
    {
        if (!word.Contains('/', StringComparison.Ordinal) && !word.Contains('_', StringComparison.Ordinal)) return ("deployments", word);
        var target = (await KindCatalog.LoadAsync(run.Client, cancellationToken)).Parse(word, null);
        return target.Kind.Plural is "deployments" or "releases" or "instances"
            ? (target.Kind.Plural, target.Name)
            : throw UsageErrors.Of($"A {target.Kind.Name} has no log.", "Deployments, releases and instances have one.").ToException();
    }

    private static void Write(Run run, LogLine line, bool showSource)
    {
        if (run.Format != OutputFormat.Table)
        {
            run.Terminal.Out.WriteLine(JsonSerializer.Serialize(line, WireJson.Of<LogLine>()));
            return;
        }
        var source = showSource ? run.Terminal.OnOut(Tone.Faint, line.Source + " | ") : "";
        run.Terminal.Out.WriteLine(source + line.Text);
    }
}
