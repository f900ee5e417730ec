using System.Buffers;
using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>Shows resources of any kind, as a table or in a machine's format.</summary>
internal static class ResourceOutput
{
    /// <summary>One resource as the API sent it, its members in a stable order.</summary>
    public static JsonElement ToJson(AnyResource resource)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, StableJson.Readable)) ResourceJson.Write(json, resource);
        return StableJson.Of(JsonElement.Parse(buffer.WrittenSpan));
    }

    public static JsonElement ToJson(IEnumerable<AnyResource> resources) =>
        JsonSerializer.SerializeToElement(resources.Select(ToJson).ToArray(), WireJson.Options);

    /// <summary>Lists all of a kind that the caller sees.</summary>
    public static async Task<int> WriteAllAsync(Run run, string plural, CancellationToken cancellationToken)
    {
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var resources = new List<AnyResource>();
        await foreach (var resource in run.Client.Resources(plural).ListAsync(cancellationToken: cancellationToken))
            resources.Add(resource);
        await WriteListAsync(run, kinds, kinds.Find(plural), resources, cancellationToken);
        return CommandRunner.Done;
    }

    public static async Task WriteListAsync(
        Run run, KindCatalog kinds, KindInfo kind, IReadOnlyList<AnyResource> resources, CancellationToken cancellationToken)
    {
        if (run.WriteMachine(ToJson(resources))) return;
        if (run.Quiet)
        {
            foreach (var resource in resources) await run.Terminal.Out.WriteLineAsync(resource.Name);
            return;
        }
        if (resources.Count == 0) run.Say($"No {kind.Plural}.");
        else await WriteTableAsync(run, kinds, kind, resources, cancellationToken);
    }

    private static async Task WriteTableAsync(
        Run run, KindCatalog kinds, KindInfo kind, IReadOnlyList<AnyResource> resources, CancellationToken cancellationToken)
    {
        // An empty column is not shown.
        var columns = KindColumns.Of(kind).Where(c => resources.Any(r => c.Show(r).Length > 0)).ToList();
        var message = columns.Find(c => c.Header == KindColumns.Message);
        var hasProjects = resources.Select(r => r.Project).Distinct(StringComparer.Ordinal).Skip(1).Any();
        var table = new Table(
            ["NAME", .. hasProjects ? ["PROJECT"] : Array.Empty<string>(), "STATE",
                .. columns.Where(c => c != message).Select(c => c.Header), "AGE",
                .. message is null ? Array.Empty<string>() : [message.Header]]);
        var names = new NameBook(run.Client, kinds);
        foreach (var resource in resources)
        {
            var cells = new List<Cell> { resource.Name };
            if (hasProjects) cells.Add(await names.NameAsync(resource.Project ?? "", cancellationToken));
            cells.Add(new(resource.State, Tones.OfState(resource.State)));
            foreach (var column in columns.Where(c => c != message))
                cells.Add(await names.NameAsync(column.Show(resource), cancellationToken));
            cells.Add(TimeText.Ago(resource.CreatedAt, run.Now));
            if (message is not null) cells.Add(message.Show(resource));
            table.Add([.. cells]);
        }
        table.Write(run.Terminal);
    }
}
