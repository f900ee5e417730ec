using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity stats [MODEL]</c>: how many there are, by state or by values, and figures of each group.</summary>
internal static class EntityStatsCommand
{
    private static readonly string[] Operations = ["sum", "avg", "min", "max", "stdev"];

    private static readonly Argument<string?> Model =
        new("model") { Description = "Model, as NAME or NAME.VERSION; without it each is counted", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string[]> By =
        new("--by") { Description = "state, or a path such as customer.country; several may be given", HelpName = "PATH" };
    private static readonly Option<string?> At = SharedOptions.At();
    private static readonly ConditionOptions Condition = new();
    private static readonly Option<string[]>[] Figures = [.. Operations.Select(
        op => new Option<string[]>("--" + op) { Description = $"Show the {op} of a path in each group", HelpName = "PATH" })];

    public static Command Create(Terminal terminal)
    {
        var command = new Command("stats", "Count entities, by group and with sums; now or at an earlier time") { Model, By, At };
        foreach (var figure in Figures) command.Add(figure);
        Condition.AddTo(command);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var time = EntityCalls.Rfc3339(SharedOptions.ReadAt(run, At));
        var groups = run.Parse.GetValue(By) ?? [];
        var condition = await Condition.ReadAsync(run, cancellationToken);
        var isGrouped = groups.Length > 0 || condition is not null || Figures.Any(f => run.Parse.GetValue(f) is { Length: > 0 });
        if (run.Parse.GetValue(Model) is not { } model)
            return isGrouped ? throw NeedsModel() : await CountAsync(run, "/api/entity/stats", time, cancellationToken);
        if (!isGrouped) return await CountAsync(run, "/api/entity/stats/states/" + ModelName.Parse(model).Path, time, cancellationToken);
        var body = new JsonObject
        {
            ["groupBy"] = new JsonArray([.. (groups.Length == 0 ? ["state"] : groups).Select(g => (JsonNode)(g == "state" ? g : Path(g)))]),
            ["aggregations"] = new JsonArray(
                [.. Figures.SelectMany((f, i) => (run.Parse.GetValue(f) ?? []).Select(path => Aggregation(Operations[i], path)))]),
        };
        if (condition is { } where) body["condition"] = JsonNode.Parse(where.Utf8.Span);
        if (time is not null) body["pointInTime"] = time;
        var request = new ApiRequest(HttpMethod.Post,
            $"/api/entity/stats/{ModelName.Parse(model).Path}/query") { Body = JsonText.FromString(body.ToJsonString()).Utf8 };
        var answer = await run.CallAsync(request, cancellationToken);
        if (!run.WriteMachine(answer)) WriteGroups(run, answer);
        return CommandRunner.Done;
    }

    private static StrataException NeedsModel() =>
        UsageErrors.Of("Groups and conditions are of one model.", "strata entity stats MODEL --by state").ToException();

    private static async Task<int> CountAsync(Run run, string path, string? time, CancellationToken cancellationToken)
    {
        var counts = await run.GetAsync(EntityCalls.With(path, ("pointInTime", time)), cancellationToken);
        if (run.WriteMachine(counts)) return CommandRunner.Done;
        if (counts.GetArrayLength() == 0) run.Say("No entities.");
        var table = new Table("MODEL", "STATE", "COUNT");
        foreach (var count in counts.EnumerateArray())
            table.Add($"{count.Text("modelName")}.{count.Text("modelVersion")}", count.At("state") is null ? "any" : count.Text("state"),
                count.Text("count"));
        table.Write(run.Terminal);
        return CommandRunner.Done;
    }

    private static void WriteGroups(Run run, JsonElement groups)
    {
        if (groups.GetArrayLength() == 0)
        {
            run.Say("No entities.");
            return;
        }
        var first = groups[0];
        var figures = first.At("aggregations")?.EnumerateObject().Select(f => f.Name).ToArray() ?? [];
        var table = new Table([.. first.GetProperty("groupKey").EnumerateArray().Select(k => k.Text("path")), "count", .. figures]);
        foreach (var group in groups.EnumerateArray())
        {
            var keys = group.GetProperty("groupKey").EnumerateArray().Select(k => Raw(k.GetProperty("value")));
            var values = figures.Select(f => Raw(group.GetProperty("aggregations").GetProperty(f)));
            table.Add([.. keys.Append(group.Text("count")).Concat(values).Select(text => new Cell(text))]);
        }
        table.Write(run.Terminal);
    }

    /// <summary>Numbers as they came, at any precision.</summary>
    private static string Raw(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static JsonNode Aggregation(string operation, string path) => new JsonObject { ["op"] = operation, ["field"] = Path(path) };

    private static string Path(string text) => text.StartsWith('$') ? text : "$." + text;
}
