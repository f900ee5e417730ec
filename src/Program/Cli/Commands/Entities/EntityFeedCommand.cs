using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary>
/// <c>strata entity feed [MODEL] [-f]</c>: every change in order. It resumes when the connection is lost; an error names the position to go
/// on from.
/// </summary>
internal static class EntityFeedCommand
{
    private static readonly Argument<string?> Model =
        new("model") { Description = "Only of this model, as NAME or NAME.VERSION", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> Follow = new("--follow", "-f") { Description = "Follow: keep running and show what is new" };
    private static readonly Option<long?> From = new Option<long?>("--from")
    {
        Description = "Start after this revision (default: the beginning, or now with -f)", HelpName = "REVISION",
    }.Between(0);

    public static Command Create(Terminal terminal) =>
        new Command("feed", "Show every change of entities, in order") { Model, Follow, From }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var follow = run.Parse.GetValue(Follow);
        var position = run.Parse.GetValue(From);
        var model = run.Parse.GetValue(Model)?.Replace('/', '.');
        var isTold = false;
        try
        {
            await foreach (var line in run.Client.FeedAsync(position, model, follow, OnError, cancellationToken))
            {
                isTold = false;
                var change = EntityCalls.Parse(line.Utf8);
                position = change.Number("position") ?? position;
                if (change.Text("type") == "change") Write(run, change);
            }
        }
        catch (StrataException e) when (e.Error.Retryable && position is not null)
        {
            throw new StrataException(
                e.Error with { NextStep = $"Continue where it stopped: strata entity feed --from {position}{(follow ? " -f" : "")}" }, e);
        }
        return CommandRunner.Done;

        void OnError(Error error)
        {
            if (!isTold) run.Say($"{error.Message} Resuming.");
            isTold = true;
        }
    }

    private static void Write(Run run, JsonElement change)
    {
        var output = run.Terminal.Out;
        if (run.Format != OutputFormat.Table)
        {
            output.WriteLine(JsonSerializer.Serialize(StableJson.Times(change), WireJson.Options));
            return;
        }
        var entity = change.GetProperty("entity");
        var state = entity.Text("meta.state");
        output.WriteLine(
            string.Join("  ", change.GetProperty("revision").GetRawText(), change.Time("timeOfChange") is { } time
                ? TimeText.Stamp(time) : "", $"{change.Text("changeType"),-6}", EntityOutput.Model(entity), entity.Text("meta.id"),
            run.Terminal.OnOut(Tones.OfState(state), state)));
    }
}
