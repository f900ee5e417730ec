using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Status;

namespace Strata.Cli.Doctor;

/// <summary>The parts of the cloud that runs.</summary>
internal static class CloudChecks
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(Run run, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await run.Client.SendAsync(HttpMethod.Get, "/api/v1/status", cancellationToken: cancellationToken);
            var status = answer!.RootElement.Deserialize(WireJson.Of<ServerStatus>())!;
            return [.. status.Parts.Select(p => p.Ok ? Finding.Ok(p.Name, p.Message) : Finding.Failure(p.Name, p.Message, "strata down && strata up"))];
        }
        catch (StrataException e)
        {
            return [Finding.Failure("API", e.Error.Message, e.Error.NextStep ?? "strata down && strata up")];
        }
    }
}
