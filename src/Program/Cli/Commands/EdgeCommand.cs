using System.CommandLine;
using Microsoft.Extensions.Logging;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Edge;
using Strata.Server.Hosting;
using Strata.Server.Logging;
using Strata.Server.Options;
using Strata.Server.Parts;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata edge</c>: an edge as a process of its own. <c>strata up</c> starts one where the setting edge-mode is inline.
/// </summary>
internal static class EdgeCommand
{
    private static readonly ServerFlags Flags = new();
    private static readonly Option<bool> Inline = new(
        "--inline") { Description = "Handle each request on one event loop without switching threads: about 50% more requests per second" };

    private static readonly Option<string?> TokenFile = new(
        "--token-file") { Description = "File with the edge's token, read for each call (default: STRATA_TOKEN, or the server's file)" };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("edge", "Run an edge as a separate process") { Inline, TokenFile };
        foreach (var flag in Flags.All) command.Add(flag);
        return command.Does(terminal, RunAsync, serves: true);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var options = Flags.Read(run);
        var given = run.Parse.GetValue(TokenFile);
        var token = given is null ? Environment.GetEnvironmentVariable("STRATA_TOKEN") : null;
        var file = token is null ? Existing(given ?? options.Home.EdgeTokenFile) : null;
        if (PortCheck.CheckEdge(options) is { } fault)
            throw fault.ToException();
        using var loggers = ServerLogs.CreateFactory(
            Path.Combine(options.Home.Run, "edge.log"), run.Terminal.Error, options.Telemetry.LogFormat, run.Terminal.Time);
        await using var telemetry = await ProcessTelemetry.StartEdgeAsync(options, loggers, cancellationToken);
        await EdgeProcess.RunAsync(
            EdgeSettings.Of(options, file, token, run.Parse.GetValue(Inline)), loggers,
            edge => run.Say(
                $"Serving applications at {string.Join(", ", edge.HttpEndPoints.Concat(edge.HttpsEndPoints))}; health at http://{edge.AdminEndPoint}/readyz{(options.Telemetry is { IsOn: true, EdgeMetrics: { } at } ? $"; metrics at http://{at}/metrics" : "")}"), cancellationToken);
        return CommandRunner.Done;
    }

    private static string Existing(string path) => File.Exists(path)
        ? path
        : throw new Error(ErrorKind.Unauthenticated, "NO_EDGE_TOKEN", $"There is no token for an edge in {path}.",
            "Start the cloud first (strata up), or set STRATA_TOKEN.").ToException();
}
