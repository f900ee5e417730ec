using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Status;

namespace Strata.Cli.Doctor;

/// <summary>The parts of the cloud that runs.</summary>
internal static class CloudChecks
{
    private const string Repair =
        "It is restarted by itself. If that does not help within a minute: strata up -d, which replaces the server; instances run on";

    public static async Task<IReadOnlyList<Finding>> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var (status, api) = await CloudStatus.AskAsync(run, cancellationToken);
        Finding[] fault = api is null
            ? []
            : [OfApi(
                run, api, "Look at the findings below; if there are none: strata up -d, which replaces a server that does not answer")];
        return status is null ? fault : [.. fault, .. Of(status, Repair)];
    }

    /// <summary>Of a cloud that may be on another machine: its API alone can be asked.</summary>
    public static async Task<IReadOnlyList<Finding>> RunElsewhereAsync(Run run, CancellationToken cancellationToken)
    {
        try
        {
            return Of(await CloudStatus.AskApiAsync(run, cancellationToken),
                "Who operates that cloud can look closer: strata doctor on its machine");
        }
        catch (StrataException e)
        {
            return [OfApi(run, e.Error, e.Error.NextStep ?? "Ask who operates that cloud.")];
        }
    }

    private static Finding OfApi(Run run, Error error, string fix)
    {
        if (!TokenAdvice.IsOfSignIn(error)) return Finding.Failure("API", error.Message, fix);
        var advice = TokenAdvice.Explain(run, error);
        return Finding.Failure("token", advice.Message, advice.NextStep ?? "Use another token: set STRATA_TOKEN.");
    }

    private static IReadOnlyList<Finding> Of(ServerStatus status, string repair) =>
    [
        Finding.Ok("API address", status.ApiUrl.ToString().TrimEnd('/')),
        Finding.Ok("edge address", status.HttpUrl is { } http ? http.ToString().TrimEnd('/') : "no edge on this machine"),
        .. status.Parts.Select(p => p.Ok ? Finding.Ok(p.Name, p.Message) : Finding.Failure(p.Name, p.Message, repair)),
        .. status.Warnings.Select(w => Finding.Warning(w.What, w.Message, w.Fix)),
        .. status.Background.Where(w => w.Failing > 0)
        .Select(w =>
            Finding.Failure(
                w.Name, $"fails since {w.Since:u}: {w.LastError}",
                "It is retried by itself; the log says more"
                    + (status.Home is { } home ? $": {Path.Combine(home, "run", "strata.log")}" : "."))),
    ];
}
