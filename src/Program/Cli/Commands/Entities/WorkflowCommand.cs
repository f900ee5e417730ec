using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata workflow import | export | list</c>: the lives that entities of a model lead.</summary>
internal static class WorkflowCommand
{
    public static Command Create(Terminal terminal) =>
        new("workflow", "Manage workflows: the states of a model's entities and the transitions between them") { Import(terminal),
            Export(terminal), List(terminal) };

    private static Command Import(Terminal terminal)
    {
        var name = ModelName.Argument();
        var data = DataInput.Argument("data", "A workflow, an array of them, or what export gave");
        var mode = new Option<string?>("--mode") { Description = "merge (the default), replace or activate",
            HelpName = "MODE" }.AcceptOnlyFromAmong("merge", "replace", "activate");
        var cycles = new Option<bool>("--allow-cycles") { Description = "Automatic transitions may lead back to where they came from" };
        return new Command("import", "Set the workflows of a model") { name, data, mode, cycles }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var model = ModelName.Of(run, name);
            var definition = await DataInput.ReadJsonAsync(run.Parse.GetRequiredValue(data), cancellationToken);
            var body = Body(EntityCalls.Parse(definition.Utf8), run.Parse.GetValue(mode), run.Parse.GetValue(cycles));
            var answer = await run.CallAsync(
                new ApiRequest(HttpMethod.Post, $"/api/model/{model.Path}/workflow/import") { Body = body.Utf8 }, cancellationToken);
            if (!run.WriteMachine(answer)) run.Say($"Imported the workflows of {model}. See them: strata workflow list {model}");
            return CommandRunner.Done;
        });
    }

    private static Command Export(Terminal terminal)
    {
        var name = ModelName.Argument();
        return new Command("export", "Print the workflows of a model, as they were imported") { name }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var answer = await run.GetAsync(PathOf(ModelName.Of(run, name)), cancellationToken);
            if (!run.WriteMachine(answer))
                run.Terminal.Out.Write(run.Terminal.OutIsTerminal ? Run.Indent(answer) : answer.GetRawText() + "\n");
            return CommandRunner.Done;
        });
    }

    private static Command List(Terminal terminal)
    {
        var name = ModelName.Argument();
        return new Command("list", "List the workflows of a model in the order in which they are tried") { name }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var workflows = (await run.GetAsync(PathOf(ModelName.Of(run, name)), cancellationToken)).GetProperty("workflows");
            if (run.WriteMachine(workflows)) return CommandRunner.Done;
            var table = new Table("WORKFLOW", "ACTIVE", "INITIAL", "STATES", "DESCRIPTION");
            foreach (var workflow in workflows.EnumerateArray())
            {
                var states = workflow.At("states") is { ValueKind: JsonValueKind.Object } all
                    ? string.Join(", ", all.EnumerateObject().Select(s => s.Name)) : "";
                table.Add(workflow.Text("name"), workflow.At("active") is { ValueKind: JsonValueKind.False } ? "no" : "yes",
                    workflow.Text("initialState"), states, workflow.Text("desc"));
            }
            table.Write(run.Terminal);
            return CommandRunner.Done;
        });
    }

    private static string PathOf(ModelName model) => $"/api/model/{model.Path}/workflow/export";

    /// <summary>Put together as text, so that a workflow stays as it was written.</summary>
    private static JsonText Body(JsonElement given, string? mode, bool allowCycles)
    {
        var isEnvelope = given.At("workflows") is not null;
        var workflows = isEnvelope ? given.GetProperty("workflows").GetRawText() : given.ValueKind == JsonValueKind.Array
            ? given.GetRawText() : $"[{given.GetRawText()}]";
        var importMode = mode?.ToUpperInvariant() ?? (isEnvelope ? given.Text("importMode") : "");
        var cycles = allowCycles || (isEnvelope && given.IsTrue("allowCycles"));
        return JsonText.FromString(
            $"{{\"workflows\":{workflows}{(importMode.Length > 0 ? $",\"importMode\":{JsonSerializer.Serialize(importMode)}" : "")},\"allowCycles\":{(cycles ? "true" : "false")}}}");
    }
}
