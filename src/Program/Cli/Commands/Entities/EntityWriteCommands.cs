using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity update | patch</c>: new data, with or without a transition; prints the transaction's id.</summary>
internal static class EntityWriteCommands
{
    public static Command Update(Terminal terminal)
    {
        var xml = new Option<bool>("--xml") { Description = "The data is XML" };
        var command = new Command("update", "Replace an entity's data, and run automatic transitions or --transition") { xml };
        return Change(command, terminal, (run, id, rest, data) =>
        {
            var isXml = run.Parse.GetValue(xml);
            return new ApiRequest(HttpMethod.Put, $"/api/entity/{(isXml ? "XML" : "JSON")}/{id}{rest}") { Body = data,
                ContentType = isXml ? "application/xml" : "application/json" };
        });
    }

    public static Command Patch(Terminal terminal) => Change(
        new Command("patch", "Merge into an entity's data; null removes a field"), terminal,
        (_, id, rest, data) =>
            new ApiRequest(HttpMethod.Patch, $"/api/entity/JSON/{id}{rest}") { Body = data, ContentType = MergePatch, IfMatch = "*" });

    public const string MergePatch = "application/merge-patch+json";

    public static Option<string?> IfMatch() =>
        new("--if-match") { Description = "Only if this transaction was the last to change it", HelpName = "TRANSACTION" };

    /// <summary>Prints the transaction, and what state it left the entity in.</summary>
    public static async Task<int> SendAsync(Run run, string id, ApiRequest request, string? ifMatch, CancellationToken cancellationToken)
    {
        var answer = await run.CallAsync(ifMatch is null ? request : request with { IfMatch = ifMatch.Trim('"') }, cancellationToken);
        if (run.WriteMachine(answer)) return CommandRunner.Done;
        var transaction = answer.Text("transactionId");
        run.Terminal.Out.WriteLine(transaction);
        if (!run.Quiet) run.Say($"{id} is {await StateAsync(run, id, transaction, cancellationToken)}.");
        return CommandRunner.Done;
    }

    private static Command Change(Command command, Terminal terminal, Func<Run, string, string, ReadOnlyMemory<byte>, ApiRequest> request)
    {
        var id = EntityReadCommands.Id();
        var data = DataInput.Argument("data", "The new data");
        var transition = new Option<string?>("--transition", "-t") { Description = "Transition to run", HelpName = "NAME" };
        var ifMatch = IfMatch();
        foreach (var argument in new[] { id, data }) command.Add(argument);
        foreach (var option in new[] { transition, ifMatch }) command.Add(option);
        return command.Does(terminal, async (run, cancellationToken) =>
        {
            var entity = EntityCalls.Id(run.Parse.GetRequiredValue(id));
            var body = await DataInput.ReadAsync(run.Parse.GetRequiredValue(data), cancellationToken);
            var rest = run.Parse.GetValue(transition) is { Length: > 0 } name ? "/" + Uri.EscapeDataString(name) : "";
            return await SendAsync(run, entity, request(run, entity, rest, body), run.Parse.GetValue(ifMatch), cancellationToken);
        });
    }

    private static async Task<string> StateAsync(Run run, string id, string transaction, CancellationToken cancellationToken)
    {
        var entity = await run.GetAsync(EntityCalls.With(EntityCalls.EntityPath(id), ("transactionId", transaction)), cancellationToken);
        return entity.Text("meta.state");
    }
}
