using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity create MODEL DATA</c>: one entity from an object, several from an array; prints their ids.</summary>
internal static class EntityCreateCommand
{
    private static readonly Argument<string> Model = ModelName.Argument();
    private static readonly Argument<string> Data = DataInput.Argument("data", "An object, or an array of them");
    private static readonly Option<bool> Xml = new("--xml") { Description = "The data is XML" };
    private static readonly Option<int?> Window =
        new Option<int?>("--window") { Description = "Of an array: entities per transaction (100)", HelpName = "N" }.Between(1);

    public static Command Create(Terminal terminal) =>
        new Command("create", "Create an entity, or several from an array") { Model, Data, Xml, Window }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var model = ModelName.Of(run, Model);
        var isXml = run.Parse.GetValue(Xml);
        var path = EntityCalls.With(
            $"/api/entity/{(isXml ? "XML" : "JSON")}/{model.Path}", ("transactionWindow", run.Parse.GetValue(Window)?.ToString()));
        var data = await DataInput.ReadAsync(run.Parse.GetRequiredValue(Data), cancellationToken);
        var transactions = await run.CallAsync(
            new ApiRequest(HttpMethod.Post, path) { Body = data, ContentType = isXml ? "application/xml" : "application/json" },
            cancellationToken);
        if (!run.WriteMachine(transactions)) WriteIds(run, transactions);
        return WriteFailures(run, transactions);
    }

    private static void WriteIds(Run run, JsonElement transactions)
    {
        foreach (var id in transactions.EnumerateArray().SelectMany(t => t.At("entityIds")?.EnumerateArray().AsEnumerable() ?? []))
            run.Terminal.Out.WriteLine(id.GetString());
    }

    /// <summary>Transactions before one that failed stay.</summary>
    private static int WriteFailures(Run run, JsonElement transactions)
    {
        var failed = transactions.EnumerateArray().Where(t => t.At("error") is not null).ToList();
        foreach (var failure in failed)
        {
            var message =
                $"Transaction {failure.Text("error.chunkIndex")} (from 0) failed, those before it stay: {failure.Text("error.message")}";
            ErrorText.Write(
                run, new Core.Error(Core.ErrorKind.Invalid, failure.Text("error.code"), message,
                    "Fix its entities and create them and those behind them again."));
        }
        return failed.Count == 0 ? CommandRunner.Done : CommandRunner.Failed;
    }
}
