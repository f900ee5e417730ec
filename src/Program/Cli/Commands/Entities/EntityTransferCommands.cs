using System.CommandLine;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands.Entities;

/// <summary>
/// <c>strata entity export | import FILE</c>: all data of the organization, as one stream that says itself whether it is whole.
/// </summary>
internal static class EntityTransferCommands
{
    /// <summary>
    /// The server reads all data back, compares the digests and publishes before it answers: that takes as long as there is data, hours at
    /// most.
    /// </summary>
    private static readonly TimeSpan ImportPatience = TimeSpan.FromHours(24);

    public static Command Export(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "File to write, or - for standard output" };
        return new Command("export", "Write all models and every revision of every entity to a file") { file }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var name = run.Parse.GetRequiredValue(file);
            await using var source = await run.Client.DownloadAsync("/api/export", cancellationToken);
            if (name == "-")
            {
                await using var output = Console.OpenStandardOutput();
                await source.CopyToAsync(output, cancellationToken);
                return CommandRunner.Done;
            }
            var part = name + ".part"; // so that a partial file is not taken for an export
            await using (var output = File.Create(part)) await source.CopyToAsync(output, cancellationToken);
            File.Move(part, name, overwrite: true);
            run.Say($"Exported to {name}, {ByteCount.Short(new FileInfo(name).Length)}. Import it into another organization with: strata entity import {name}");
            return CommandRunner.Done;
        });
    }

    public static Command Import(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "File written by export, or - for standard input" };
        return new Command("import", "Import an export into an organization without data: all of it, or nothing") { file }.Does(
            terminal, async (run, cancellationToken) =>
        {
            await using var content = DataInput.Open(run.Parse.GetRequiredValue(file));
            var answer = await run.Client.UploadAsync(
                HttpMethod.Post, "/api/import", content, "application/x-ndjson", ImportPatience, cancellationToken);
            var state = EntityCalls.Parse(answer);
            if (!run.WriteMachine(state)) run.Say($"Imported {state.Text("revisions")} revisions; the digest is that of the export.");
            return CommandRunner.Done;
        });
    }
}
