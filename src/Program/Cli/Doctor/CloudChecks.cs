using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server;
using Strata.Server.Options;
using Strata.Server.Status;

namespace Strata.Cli.Doctor;

/// <summary>The parts of the cloud that runs.</summary>
internal static class CloudChecks
{
    private const string Repair = "It is restarted by itself. If that does not help within a minute: strata up -d, which replaces the server; instances run on";

    private static readonly TimeSpan LocalPatience = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Finding>> RunAsync(Run run, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await run.Client.SendAsync(HttpMethod.Get, "/api/v1/status", cancellationToken: cancellationToken);
            var status = answer!.RootElement.Deserialize(WireJson.Of<ServerStatus>())!;
            return Of(status);
        }
        catch (StrataException e)
        {
            var api = Finding.Failure("API", e.Error.Message, "Look at the findings below; if there are none: strata up -d, which replaces a server that does not answer");
            var status = await StrataServer.AskStatusAsync(new HomeLayout(run.Home), LocalPatience, cancellationToken);
            return status is null ? [api] : [api, .. Of(status)];
        }
    }

    private static IReadOnlyList<Finding> Of(ServerStatus status) =>
    [
        .. status.Parts.Select(p => p.Ok ? Finding.Ok(p.Name, p.Message) : Finding.Failure(p.Name, p.Message, Repair)),
        .. status.Background.Where(w => w.Failing > 0).Select(w => Finding.Failure(w.Name, $"fails since {w.Since:u}: {w.LastError}", $"It is retried by itself; the log says more: {Path.Combine(status.Home, "run", "strata.log")}")),
    ];
}
