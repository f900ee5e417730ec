using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata search MODEL --where …</c>: the entities that meet a condition, now or as they were.</summary>
internal static class SearchCommand
{
    private static readonly JsonText Everything = JsonText.FromString("""{"type":"group","operator":"AND","conditions":[]}""");

    private static readonly Argument<string> Model = ModelName.Argument();
    private static readonly ConditionOptions Condition = new();
    private static readonly Option<string?> At = SharedOptions.At();
    private static readonly Option<int?> Limit =
        new Option<int?>("--limit", "-n") { Description = "Maximum number of results; more is an error (1000; 10000 at most)",
            HelpName = "N" }.Between(1);

    private static readonly Option<string[]> Sort = new("--sort")
    {
        Description = "total, total:desc; the entity's own facts with @: @creationDate:desc. Several: the first counts most",
        HelpName = "PATH[:desc]", Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<bool> Async = new("--async") { Description = "Run as a job on the server, for more than 10000 results" };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("search", "Find the entities of a model that match a condition") { Model, At, Sort, Limit, Async };
        Condition.AddTo(command);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var condition = await Condition.ReadAsync(run, cancellationToken) ?? Everything;
        var (model, asJob, limit) = (ModelName.Of(run, Model), run.Parse.GetValue(Async), run.Parse.GetValue(Limit));
        if (asJob && limit is not null) throw UsageErrors.Of("A job has no limit.", "Leave out --limit or --async.").ToException();
        var path = EntityCalls.With(
            $"/api/search/{(asJob ? "async" : "direct")}/{model.Path}", ("pointInTime", EntityCalls.Rfc3339(SharedOptions.ReadAt(run, At))),
            ("limit", limit?.ToString()));
        foreach (var key in run.Parse.GetValue(Sort) ?? []) path = EntityCalls.With(path, ("sort", key));
        await EntityOutput.WriteListAsync(
            run, asJob ? SearchJob.RunAsync(run, path, condition, cancellationToken) : LinesAsync(run, path, condition, cancellationToken));
        return CommandRunner.Done;
    }

    private static IAsyncEnumerable<JsonElement> LinesAsync(
        Run run, string path, JsonText condition, CancellationToken cancellationToken) =>
        run.Client.LinesAsync(new ApiRequest(HttpMethod.Post, path) { Body = condition.Utf8 }, cancellationToken)
            .Select(line => EntityCalls.Parse(line.Utf8));
}
