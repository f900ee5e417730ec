using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata model indexes | explain</c>: which paths have an index, and whether a condition uses one.</summary>
internal static class ModelIndexCommands
{
    public static Command Indexes(Terminal terminal)
    {
        var name = ModelName.Argument();
        var paths = new Argument<string[]>(
            "path") { Description = "All paths to index, replacing the present ones; without any, list the indexes",
            Arity = ArgumentArity.ZeroOrMore };
        var none = new Option<bool>("--none") { Description = "Remove all indexes" };
        return new Command("indexes", "Declare which paths of a model have an index, or list them") { name, paths, none }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var wanted = run.Parse.GetValue(paths) ?? [];
            var path = $"/api/model/{ModelName.Of(run, name).Path}/indexes";
            if (wanted.Length > 0 && run.Parse.GetValue(none))
                throw UsageErrors.Of("Which is meant, these paths or --none?", "Leave one out.").ToException();
            var request = wanted.Length == 0 && !run.Parse.GetValue(none)
                ? new ApiRequest(HttpMethod.Get, path)
                : new ApiRequest(HttpMethod.Put, path) { Body = Declaration(wanted).Utf8 };
            var answer = await run.CallAsync(request, cancellationToken);
            if (!run.WriteMachine(answer)) WriteIndexes(run, answer.GetProperty("indexes"));
            return CommandRunner.Done;
        });
    }

    public static Command Explain(Terminal terminal)
    {
        var name = ModelName.Argument();
        var condition = new ConditionOptions();
        var command = new Command("explain", "Show whether a search by a condition uses an index") { name };
        condition.AddTo(command);
        return command.Does(terminal, async (run, cancellationToken) =>
        {
            var asked = await condition.ReadAsync(run, cancellationToken)
                ?? throw UsageErrors.Of("Which condition?", "strata model explain order --where \"total = 100\"").ToException();
            var answer = await run.CallAsync(
                new ApiRequest(HttpMethod.Post, $"/api/model/{ModelName.Of(run, name).Path}/explain") { Body = asked.Utf8 },
                cancellationToken);
            if (!run.WriteMachine(answer)) run.Terminal.Out.WriteLine(Sentence(answer));
            return CommandRunner.Done;
        });
    }

    private static JsonText Declaration(string[] paths) =>
        JsonText.FromString(
            new JsonObject { ["paths"] = new JsonArray(
                [.. paths.Select(p => (JsonNode)(p.StartsWith('$') ? p : "$." + p))]) }.ToJsonString());

    private static void WriteIndexes(Run run, JsonElement indexes)
    {
        var table = new Table("PATH", "STATE", "BUILT");
        foreach (var index in indexes.EnumerateArray())
        {
            var (state, message) = (index.Text("state"), index.Text("message"));
            var built = index.At("progress") is { ValueKind: JsonValueKind.Number } progress
                ? progress.GetDouble().ToString("0 %", CultureInfo.InvariantCulture) : "";
            table.Add(index.Text("path"), new Cell(state, Tones.OfState(state)), message.Length > 0 ? message : built);
        }
        if (table.Rows > 0) table.Write(run.Terminal);
        else run.Say("No indexes.");
    }

    private static string Sentence(JsonElement answer) => answer.IsTrue("usesIndex")
        ? $"The search uses the index on {answer.Text("indexes")}."
        : "The search uses no index: it looks at every entity of the model, which is faster while there are few. \"strata model indexes MODEL PATH\" declares one on a path that the condition compares.";
}
