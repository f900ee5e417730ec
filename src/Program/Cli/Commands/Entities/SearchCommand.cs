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
        new Option<int?>("--limit", "-n") { Description = "Maximum number of results (default: all)", HelpName = "N" }.Between(1);

    private static readonly Option<string[]> Sort = SortOption.Create("total");

    private static readonly Option<bool> Async = new("--async")
    {
        Description = "Run as a job on the server: for searches that take longer than 30 seconds, and for results of one moment",
    };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("search", "Find the entities of a model that match a condition") { Model, At, Sort, Limit, Async };
        Condition.AddTo(command);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var condition = await Condition.ReadAsync(run, cancellationToken) ?? Everything;
        var options = new SearchOptions(run.Parse.GetValue(Limit), SortOption.Read(run, Sort), SharedOptions.ReadAt(run, At));
        var model = ModelName.Of(run, Model);
        await EntityOutput.WriteListAsync(
            run, run.Parse.GetValue(Async)
                ? SearchJob.RunAsync(run, model, condition, options, cancellationToken)
                : FindAsync(run, model, condition, options, cancellationToken));
        return CommandRunner.Done;
    }

    /// <param name="condition">Null: all.</param>
    public static IAsyncEnumerable<JsonElement> FindAsync(
        Run run, ModelName model, JsonText? condition, SearchOptions options, CancellationToken cancellationToken) =>
        run.Client.SearchAsync(model.Name, model.Version, condition, options, cancellationToken).Select(e => EntityCalls.Parse(e.Utf8));
}
