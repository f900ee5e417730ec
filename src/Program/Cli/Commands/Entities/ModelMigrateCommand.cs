using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary>
/// <c>strata model migrate MODEL VERSION</c>: moves a model's entities to another version of it. Asked for again, it goes on.
/// </summary>
internal static class ModelMigrateCommand
{
    private static readonly Argument<string> Model = ModelName.Argument();
    private static readonly Argument<int> To =
        new Argument<int>("version") { Description = "Version to move to; its model must be locked" }.Between(1);
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Check every entity and write nothing" };

    private static readonly Option<string?> Rules = new("--rules")
    {
        Description = "An array of rules: {\"move\": {\"from\", \"to\"}}, {\"default\": {\"path\", \"value\"}}, {\"drop\": path}; a file, - or written here", HelpName = "JSON",
    };

    public static Command Create(Terminal terminal) =>
        new Command("migrate", "Move a model's entities to another version of it") { Model, To, Rules, DryRun }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["to"] = run.Parse.GetRequiredValue(To), ["dryRun"] = run.Parse.GetValue(DryRun) };
        if (run.Parse.GetValue(Rules) is { } rules)
            body["rules"] = JsonNode.Parse((await DataInput.ReadJsonAsync(rules, cancellationToken)).Utf8.Span);
        var request = new ApiRequest(HttpMethod.Post,
            $"/api/model/{ModelName.Of(run, Model).Path}/migrate") { Body = JsonText.FromString(body.ToJsonString()).Utf8 };
        var last = default(JsonElement);
        await foreach (var line in run.Client.LinesAsync(request, cancellationToken))
        {
            last = EntityCalls.Parse(line.Utf8);
            if (run.Format != OutputFormat.Table)
                run.Terminal.Out.WriteLine(JsonSerializer.Serialize(StableJson.Times(last), WireJson.Options));
            else if (last.Text("type") == "end") run.Say(Sentence(last));
            else if (run.Terminal.ErrorIsTerminal) run.Say($"{last.Text("seen")} checked");
        }
        if (last.Text("type") != "end") throw BrokenOff().ToException();
        if (run.Format == OutputFormat.Table) WriteFailures(run, last.GetProperty("failures"));
        return last.Number("failed") == 0 ? CommandRunner.Done : CommandRunner.Failed;
    }

    private static string Sentence(JsonElement line) =>
        $"{(line.IsTrue("dryRun") ? "Would move" : "Moved")} {line.Text("moved")} of {line.Text("seen")}; {line.Text("failed")} {(line.IsTrue("dryRun") ? "would not fit" : "do not fit and stay")}.";

    private static void WriteFailures(Run run, JsonElement failures)
    {
        var table = new Table("ENTITY", "CODE", "WHY");
        foreach (var failure in failures.EnumerateArray())
            table.Add(failure.Text("entityId"), failure.Text("code"), failure.Text("message"));
        if (table.Rows > 0) table.Write(run.Terminal);
    }

    private static Error BrokenOff() => new(
        ErrorKind.Unavailable, ClientErrors.ConnectionLost, "The connection was lost before the migration ended.",
        "Run it again: it continues where it stopped.");
}
