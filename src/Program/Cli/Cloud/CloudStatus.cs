using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server;
using Strata.Server.Options;
using Strata.Server.Status;

namespace Strata.Cli.Cloud;

/// <summary>The status of a cloud, for commands that must answer while it is not well.</summary>
/// <param name="Status">Null: the server does not answer at all.</param>
/// <param name="Api">Why the API did not answer; null where it did.</param>
internal sealed record CloudStatus(ServerStatus? Status, Error? Api)
{
    /// <summary>How long the API may take. It checks the token in the database, which may hang.</summary>
    private static readonly TimeSpan ApiPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LocalPatience = TimeSpan.FromSeconds(5);

    private static readonly Error Silent = new(
        ErrorKind.Timeout, "API_SILENT", $"It gave no answer within {ApiPatience.TotalSeconds:0} seconds.",
        "Look at what the server says of its parts.");

    /// <summary>
    /// From the API, because that is what users need; where it does not answer, from the server's socket in the data folder, which needs
    /// neither API nor database.
    /// </summary>
    public static async Task<CloudStatus> AskAsync(Run run, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ApiPatience);
        Error? api;
        try
        {
            return new CloudStatus(await AskApiAsync(run, patience.Token), null);
        }
        catch (StrataException e)
        {
            api = e.Error;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            api = Silent;
        }
        return new CloudStatus(await StrataServer.AskStatusAsync(new HomeLayout(run.Home), LocalPatience, cancellationToken), api);
    }

    /// <summary>Of a cloud on another machine: nothing but its API can be asked.</summary>
    public static async Task<ServerStatus> AskApiAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Get, "/api/v1/status", cancellationToken: cancellationToken);
        return answer!.RootElement.Deserialize(WireJson.Of<ServerStatus>())!;
    }
}
