using System.CommandLine;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity delete ID | MODEL --where … | MODEL --all</c>. What was can still be read as of then.</summary>
internal static class EntityDeleteCommand
{
    private static readonly Argument<string> Target =
        new("id-or-model") { Description = "An entity's id; or a model, with --where, --condition or --all" };
    private static readonly Option<bool> All = new("--all") { Description = "Every entity of the model" };
    private static readonly Option<bool> Yes = SharedOptions.Yes();
    private static readonly Option<string?> At = SharedOptions.At();
    private static readonly ConditionOptions Condition = new();

    public static Command Create(Terminal terminal)
    {
        var command = new Command("delete", "Delete an entity, or those of a model; their history stays") { Target, All, At, Yes };
        Condition.AddTo(command);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var target = run.Parse.GetRequiredValue(Target);
        var condition = await Condition.ReadAsync(run, cancellationToken);
        var all = run.Parse.GetValue(All);
        if (Guid.TryParseExact(target, "D", out _)) return await DeleteOneAsync(run, target, cancellationToken);
        if (all == (condition is not null))
            throw UsageErrors.Of($"Which entities of {target}?", "Say --all, or which: --where \"total < 1\"").ToException();
        return await DeleteManyAsync(run, ModelName.Parse(target), condition, cancellationToken);
    }

    private static async Task<int> DeleteOneAsync(Run run, string id, CancellationToken cancellationToken)
    {
        if (!await Confirmation.AskAsync(run, Yes, $"Delete entity {id}?", cancellationToken)) return CommandRunner.Failed;
        var deleted = await run.CallAsync(new ApiRequest(HttpMethod.Delete, EntityCalls.EntityPath(id)), cancellationToken);
        if (!run.WriteMachine(deleted)) run.Say($"Deleted {id}.");
        return CommandRunner.Done;
    }

    private static async Task<int> DeleteManyAsync(Run run, ModelName model, JsonText? condition, CancellationToken cancellationToken)
    {
        if (!await Confirmation.AskAsync(run, Yes, $"Delete {(condition is null ? "every entity" : "those entities")} of {model}?",
            cancellationToken)) return CommandRunner.Failed;
        var path = EntityCalls.With("/api/entity/" + model.Path, ("pointInTime", EntityCalls.Rfc3339(SharedOptions.ReadAt(run, At))));
        var answer = await run.CallAsync(new ApiRequest(HttpMethod.Delete, path) { Body = condition?.Utf8 }, cancellationToken);
        var (found, removed) = (answer.Number("deleteResult.numberOfEntitites"), answer.Number("deleteResult.numberOfEntititesRemoved"));
        if (!run.WriteMachine(answer)) run.Say($"Deleted {removed} of {found}.");
        return found == removed ? CommandRunner.Done : CommandRunner.Failed;
    }
}
