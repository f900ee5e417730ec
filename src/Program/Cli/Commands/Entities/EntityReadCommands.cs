using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity get | list | changes | transitions</c>, each also as it was.</summary>
internal static class EntityReadCommands
{
    private const int PageSize = 500;

    public static Command Get(Terminal terminal)
    {
        var (id, at) = (Id(), SharedOptions.At());
        var transaction = new Option<string?>("--transaction") { Description = "As of this transaction", HelpName = "ID" };
        return new Command("get", "Show an entity, now or at an earlier time") { id, at, transaction }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var time = EntityCalls.Rfc3339(SharedOptions.ReadAt(run, at));
            var path = EntityCalls.With(EntityCalls.EntityPath(run.Parse.GetRequiredValue(id)), ("pointInTime", time),
                ("transactionId", run.Parse.GetValue(transaction)));
            EntityOutput.WriteOne(run, await run.GetAsync(path, cancellationToken));
            return CommandRunner.Done;
        });
    }

    public static Command List(Terminal terminal)
    {
        var (name, at, sort) = (ModelName.Argument(), SharedOptions.At(), SortOption.Create("total"));
        var limit = new Option<int>("--limit", "-n") { Description = "Maximum number of entities", DefaultValueFactory = _ => 100,
            HelpName = "N" }.Between(1);
        return new Command("list", "List the entities of a model, now or at an earlier time") { Aliases = { "ls" }, Arguments = { name },
            Options = { at, limit, sort } }
            .Does(terminal, async (run, cancellationToken) =>
            {
                var (model, time, most) = (ModelName.Of(run, name), SharedOptions.ReadAt(run, at), run.Parse.GetValue(limit));
                var path = EntityCalls.With("/api/entity/" + model.Path, ("pointInTime", EntityCalls.Rfc3339(time)));
                await EntityOutput.WriteListAsync(run, SortOption.Read(run, sort) is { } keys
                    ? SearchCommand.FindAsync(run, model, null, new SearchOptions(most, keys, time), cancellationToken)
                    : PagesAsync(run, path, most, cancellationToken));
                return CommandRunner.Done;
            });
    }

    public static Command Changes(Terminal terminal)
    {
        var (id, at) = (Id(), SharedOptions.At());
        return new Command("changes", "Show who changed an entity and when, newest first") { id, at }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var time = EntityCalls.Rfc3339(SharedOptions.ReadAt(run, at));
            var changes = await run.GetAsync(
                EntityCalls.With(EntityCalls.EntityPath(run.Parse.GetRequiredValue(id), "/changes"), ("pointInTime", time)),
                cancellationToken);
            if (run.WriteMachine(changes)) return CommandRunner.Done;
            var table = new Table("WHEN", "CHANGE", "BY", "TRANSACTION");
            foreach (var change in changes.EnumerateArray())
                table.Add(EntityOutput.Time(run, change, "timeOfChange"), change.Text("changeType"), change.Text("user"),
                    change.Text("transactionId"));
            table.Write(run.Terminal);
            return CommandRunner.Done;
        });
    }

    public static Command Transitions(Terminal terminal)
    {
        var (id, at) = (Id(), SharedOptions.At());
        return new Command("transitions", "List the transitions that an entity offers in its state") { id, at }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var time = EntityCalls.Rfc3339(SharedOptions.ReadAt(run, at));
            var names = await run.GetAsync(
                EntityCalls.With(EntityCalls.EntityPath(run.Parse.GetRequiredValue(id), "/transitions"), ("pointInTime", time)),
                cancellationToken);
            if (run.WriteMachine(names)) return CommandRunner.Done;
            foreach (var name in names.EnumerateArray()) run.Terminal.Out.WriteLine(name.GetString());
            return CommandRunner.Done;
        });
    }

    public static Argument<string> Id() => new("id") { Description = "The entity's id" };

    /// <summary>Page by page, by a cursor that writes do not disturb.</summary>
    private static async IAsyncEnumerable<JsonElement> PagesAsync(
        Run run, string path, int limit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await run.GetAsync(
                EntityCalls.With(path, ("limit", $"{Math.Min(limit, PageSize)}"), ("cursor", cursor)), cancellationToken);
            foreach (var entity in page.GetProperty("items").EnumerateArray()) yield return entity;
            limit -= PageSize;
            cursor = page.At("nextCursor")?.GetString();
        }
        while (cursor is not null && limit > 0);
    }
}
