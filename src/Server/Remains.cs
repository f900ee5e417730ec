using Microsoft.Extensions.Logging.Abstractions;
using Strata.Nodes;
using Strata.Server.Options;
using Strata.Storage.PrivateServer;

namespace Strata.Server;

/// <summary>What a server that did not stop in order left running in a data folder: instances and the database.</summary>
public static class Remains
{
    /// <summary>Stops it; false where nothing was left. Only while no server holds the folder's lock.</summary>
    public static async Task<bool> StopAsync(HomeLayout home, TimeProvider time, CancellationToken cancellationToken)
    {
        var found = await StopInstancesAsync(home, time, cancellationToken);
        var postgres = PrivatePostgres.Find(new PrivatePostgresOptions { Folder = home.Postgres }, time, NullLogger<PrivatePostgres>.Instance);
        if (postgres is null) return found;
        await postgres.StopAsync(cancellationToken);
        return true;
    }

    private static async Task<bool> StopInstancesAsync(HomeLayout home, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(home.Node) || !Directory.EnumerateFileSystemEntries(home.Node).Any()) return false;
        var machine = await NodeMachine.OpenAsync(home.Root, RuntimeChoice.Auto, time, NullLogger<NodeMachine>.Instance, cancellationToken);
        var found = machine.Runtime.List().Any(r => r.IsRunning);
        await machine.TearDownAsync(cancellationToken);
        return found;
    }
}
