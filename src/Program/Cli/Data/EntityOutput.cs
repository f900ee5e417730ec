using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Data;

/// <summary>Shows entities as the API's envelopes hold them.</summary>
internal static class EntityOutput
{
    public static void WriteOne(Run run, JsonElement envelope)
    {
        if (run.WriteMachine(envelope)) return;
        var output = run.Terminal.Out;
        var state = envelope.Text("meta.state");
        output.WriteLine($"{"Id:",-13}{envelope.Text("meta.id")}");
        output.WriteLine($"{"Model:",-13}{Model(envelope)}");
        output.WriteLine($"{"State:",-13}{run.Terminal.OnOut(Tones.OfState(state), state)}");
        if (envelope.Text("meta.transitionForLatestSave") is { Length: > 0 } transition)
            output.WriteLine($"{"Transition:",-13}{transition}");
        output.WriteLine($"{"Created:",-13}{Time(run, envelope, "meta.creationDate")}");
        output.WriteLine($"{"Changed:",-13}{Time(run, envelope, "meta.lastUpdateTime")}");
        output.WriteLine($"{"Transaction:",-13}{envelope.Text("meta.transactionId")}");
        output.Write(Run.Indent(envelope.GetProperty("data")));
    }

    /// <summary>As JSON one after the other, as they come; as a table together.</summary>
    public static async Task WriteListAsync(Run run, IAsyncEnumerable<JsonElement> envelopes)
    {
        if (run.Format == OutputFormat.Json) await WriteJsonAsync(run, envelopes);
        else if (run.Format == OutputFormat.Table && run.Quiet) await WriteIdsAsync(run, envelopes);
        else if (run.Format == OutputFormat.Table) await WriteTableAsync(run, envelopes);
        else run.WriteMachine(JsonSerializer.SerializeToElement(await envelopes.ToListAsync(), WireJson.Options));
    }

    public static string Model(JsonElement envelope) => $"{envelope.Text("meta.modelKey.name")}.{envelope.Text("meta.modelKey.version")}";

    public static string Time(Run run, JsonElement json, string path) =>
        json.Time(path) is not { } time ? "" : run.Terminal.OutIsTerminal ? TimeText.Ago(time, run.Now) : TimeText.Stamp(time);

    private static async Task WriteJsonAsync(Run run, IAsyncEnumerable<JsonElement> envelopes)
    {
        var separator = "[\n";
        await foreach (var envelope in envelopes)
        {
            await run.Terminal.Out.WriteAsync(separator + Run.Indent(StableJson.Times(envelope)).TrimEnd('\n'));
            separator = ",\n";
        }
        await run.Terminal.Out.WriteLineAsync(separator[0] == '[' ? "[]" : "\n]");
    }

    private static async Task WriteIdsAsync(Run run, IAsyncEnumerable<JsonElement> envelopes)
    {
        await foreach (var envelope in envelopes) await run.Terminal.Out.WriteLineAsync(envelope.Text("meta.id"));
    }

    private static async Task WriteTableAsync(Run run, IAsyncEnumerable<JsonElement> envelopes)
    {
        var table = new Table("ID", "STATE", "CHANGED", "DATA");
        await foreach (var envelope in envelopes)
        {
            var state = envelope.Text("meta.state");
            var data = JsonSerializer.Serialize(envelope.GetProperty("data"), WireJson.Options);
            table.Add(envelope.Text("meta.id"), new Cell(state, Tones.OfState(state)), Time(run, envelope, "meta.lastUpdateTime"), data);
        }
        if (table.Rows > 0) table.Write(run.Terminal);
        else run.Say("No entities.");
    }
}
