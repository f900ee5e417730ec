using Microsoft.Extensions.Logging;
using Strata.Resources.Servers;

namespace Strata.Server.Parts;

/// <summary>
/// Makes sure, before anything is done in this server's name, that no other process runs under its id: a copied data folder.
/// </summary>
internal sealed partial class ServerIdPart(
    DatabasePart database, StoragePart storage, ServerSelf self, TimeProvider time, ILogger<ServerIdPart> logger) : IPart
{
    private ServerIdClaim? claim;
    private volatile bool isTaken;

    public string Name => "server id";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        claim = new ServerIdClaim(self, storage.Store.Leases, time);
        var taken = await claim.TakeAsync(
            database.IsPrivate, () => LogWaiting(logger, ServerIdClaim.WaitMax.TotalSeconds), cancellationToken);
        if (taken is { Error: { } error }) throw error.ToException();
        isTaken = true;
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (claim is not null) await claim.DisposeAsync();
    }

    public PartHealth Health() => new(isTaken, isTaken ? "no other process ran under it at the start" : "is not held");

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "This server's id was last used from another data folder: waiting for up to {Seconds} seconds whether that server is running")]
    private static partial void LogWaiting(ILogger logger, double seconds);
}
