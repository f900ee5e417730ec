using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Server.Status;

namespace Strata.Cli.Doctor;

/// <summary>The parts of the cloud that runs.</summary>
internal static class CloudChecks
{
    private const string Repair = "It is restarted by itself. If that does not help within a minute: strata up -d, which replaces the server; instances run on";

    public static async Task<IReadOnlyList<Finding>> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var (status, api) = await CloudStatus.AskAsync(run, cancellationToken);
        Finding[] fault = api is null
            ? []
            : [Finding.Failure("API", api.Message, "Look at the findings below; if there are none: strata up -d, which replaces a server that does not answer")];
        return status is null ? fault : [.. fault, .. Of(status)];
    }

    private static IReadOnlyList<Finding> Of(ServerStatus status) =>
    [
        Finding.Ok("API address", status.ApiUrl.ToString().TrimEnd('/')),
        Finding.Ok("edge address", status.HttpUrl is { } http ? http.ToString().TrimEnd('/') : "no edge on this machine"),
        .. status.Parts.Select(p => p.Ok ? Finding.Ok(p.Name, p.Message) : Finding.Failure(p.Name, p.Message, Repair)),
        .. status.Background.Where(w => w.Failing > 0).Select(w => Finding.Failure(w.Name, $"fails since {w.Since:u}: {w.LastError}", $"It is retried by itself; the log says more: {Path.Combine(status.Home, "run", "strata.log")}")),
    ];
}
