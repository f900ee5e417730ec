using System.CommandLine;
using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata model import MODEL DATA</c>: learns the structure from a sample, or takes what <c>model get</c> gave.</summary>
internal static class ModelImportCommand
{
    private static readonly Dictionary<string, string> Converters =
        new(StringComparer.Ordinal) { ["sample"] = "SAMPLE_DATA", ["view"] = "SIMPLE_VIEW", ["schema"] = "JSON_SCHEMA" };

    private static readonly Argument<string> Model = ModelName.Argument();
    private static readonly Argument<string> Data = DataInput.Argument("data", "A sample; or what --from says");
    private static readonly Option<bool> Xml = new("--xml") { Description = "The sample is XML" };

    private static readonly Option<string> From = new Option<string>("--from")
    {
        Description = "sample; view (as \"model get -o json\" shows it) or schema (JSON Schema)", DefaultValueFactory = _ => "sample",
        HelpName = "WHAT",
    }.AcceptOnlyFromAmong([.. Converters.Keys]);

    public static Command Create(Terminal terminal) =>
        new Command("import", "Create a model from a sample; further samples extend it") { Model, Data, From, Xml }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var model = ModelName.Of(run, Model);
        var isXml = run.Parse.GetValue(Xml);
        var path = $"/api/model/import/{(isXml ? "XML" : "JSON")}/{Converters[run.Parse.GetRequiredValue(From)]}/{model.Path}";
        var data = await DataInput.ReadAsync(run.Parse.GetRequiredValue(Data), cancellationToken);
        var id = await run.CallAsync(
            new ApiRequest(HttpMethod.Post, path) { Body = data, ContentType = isXml ? "application/xml" : "application/json" },
            cancellationToken);
        if (!run.WriteMachine(id))
            run.Say($"Imported {model}. See it: strata model get {model}. It takes entities once it is locked: strata model lock {model}");
        return CommandRunner.Done;
    }
}
