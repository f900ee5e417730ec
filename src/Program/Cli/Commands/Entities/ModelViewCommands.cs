using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata model list | get | validate</c>: what there is, what it looks like, and whether a document fits.</summary>
internal static class ModelViewCommands
{
    public static Command List(Terminal terminal) =>
        new Command("list", "List the models") { Aliases = { "ls" } }.Does(terminal, async (run, cancellationToken) =>
    {
        var models = await run.GetAsync("/api/model/", cancellationToken);
        if (run.WriteMachine(models)) return CommandRunner.Done;
        var table = new Table("MODEL", "STATE", "CHANGED", "ID");
        foreach (var model in models.EnumerateArray())
        {
            var name = $"{model.Text("modelName")}.{model.Text("modelVersion")}";
            table.Add(name, model.Text("currentState"), EntityOutput.Time(run, model, "modelUpdateDate"), model.Text("id"));
        }
        if (table.Rows > 0) table.Write(run.Terminal);
        else run.Say("No models. Create one from a sample: strata model import order '{\"total\": 9.5}'");
        return CommandRunner.Done;
    });

    public static Command Get(Terminal terminal)
    {
        var name = ModelName.Argument();
        var schema = new Option<bool>("--schema") { Description = "As JSON Schema" };
        return new Command("get", "Show the structure of a model: each path and its type") { name, schema }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var asSchema = run.Parse.GetValue(schema);
            var model = await run.GetAsync(
                $"/api/model/export/{(asSchema ? "JSON_SCHEMA" : "SIMPLE_VIEW")}/{ModelName.Of(run, name).Path}", cancellationToken);
            if (run.WriteMachine(model)) return CommandRunner.Done;
            if (asSchema) run.Terminal.Out.Write(Run.Indent(model.GetProperty("model")));
            else WriteView(run, model);
            return CommandRunner.Done;
        });
    }

    public static Command Validate(Terminal terminal)
    {
        var name = ModelName.Argument();
        var data = DataInput.Argument("data", "The document");
        return new Command("validate", "Check whether a document fits a model (exit code 1: it does not)") { name, data }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var body = await DataInput.ReadAsync(run.Parse.GetRequiredValue(data), cancellationToken);
            var answer = await run.CallAsync(
                new ApiRequest(HttpMethod.Post, "/api/model/validate/" + ModelName.Of(run, name).Path) { Body = body }, cancellationToken);
            if (!run.WriteMachine(answer)) run.Terminal.Out.WriteLine(answer.Text("message"));
            return answer.IsTrue("success") ? CommandRunner.Done : CommandRunner.Failed;
        });
    }

    private static void WriteView(Run run, JsonElement model)
    {
        var table = new Table("PATH", "TYPE");
        foreach (var node in model.GetProperty("model").EnumerateObject())
        {
            if (node.Value.ValueKind != JsonValueKind.Object) continue;
            foreach (var field in node.Value.EnumerateObject())
                table.Add(node.Name + field.Name.TrimStart('#'),
                    field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()! : field.Value.GetRawText());
        }
        table.Write(run.Terminal);
        run.Say($"State: {model.Text("currentState")}");
        if (model.At("changeLevel") is { ValueKind: JsonValueKind.String } level) run.Say($"Change level: {level.GetString()}");
        if (model.At("uniqueKeys") is not { ValueKind: JsonValueKind.Array } keys) return;
        foreach (var key in keys.EnumerateArray()) run.Say($"Unique key {key.Text("id")}: {key.Text("fields")}");
    }
}
