using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Runtimes;
using Strata.Server.Options;
using Strata.Server.Parts;
using Strata.Storage.PrivateServer;

namespace Strata.Server;

/// <summary>What a server that has ended left running in a data folder: instances, the database and an edge of its own process.</summary>
/// <param name="Instances">How many run.</param>
public sealed record LeftoverProcesses(int Instances, bool Database, bool Edge)
{
    public bool IsNothing => this is { Instances: 0, Database: false, Edge: false };

    /// <summary>Who runs on, as a sentence.</summary>
    public string Sentence
    {
        get
        {
            List<string> parts = [];
            if (Instances > 0) parts.Add(Instances == 1 ? "1 instance" : $"{Instances} instances");
            if (Edge) parts.Add("the edge");
            if (Database) parts.Add("the database");
            return $"Still running: {string.Join(", ", parts)}.";
        }
    }

    /// <summary>Looks without changing anything.</summary>
    public static LeftoverProcesses Find(HomeLayout home, TimeProvider time) =>
        new(NodeMachine.CountRunning(home.Root, time), Postgres(home, time) is not null, LeftEdge(home, time).Left() != 0);

    /// <summary>Whether an edge of its own process runs without its server.</summary>
    public static bool EdgeRuns(HomeLayout home) => LeftEdge(home, TimeProvider.System).Left() != 0;

    /// <summary>Stops it; false if nothing was left. Call only while no server holds the folder's lock.</summary>
    public static async Task<bool> StopAsync(HomeLayout home, TimeProvider time, CancellationToken cancellationToken)
    {
        var edge = LeftEdge(home, time);
        var pid = edge.Left();
        await edge.EndAsync(pid, cancellationToken);
        var found = await StopInstancesAsync(home, time, cancellationToken) || pid != 0;
        if (Postgres(home, time) is not { } postgres) return found;
        await postgres.StopAsync(cancellationToken);
        return true;
    }

    private static PrivatePostgres? Postgres(HomeLayout home, TimeProvider time) =>
        PrivatePostgres.Find(new PrivatePostgresOptions { Folder = home.Postgres }, time, NullLogger<PrivatePostgres>.Instance);

    /// <summary>Only for what is left: an edge is known by its data folder, whatever its ports.</summary>
    private static EdgeChild LeftEdge(HomeLayout home, TimeProvider time) =>
        new(new ServerOptions { Home = home, Listen = IPAddress.Loopback, ApiPort = 0, HttpPort = 0, EdgeMode = EdgeMode.Inline }, time);

    private static async Task<bool> StopInstancesAsync(HomeLayout home, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(home.Node) || !Directory.EnumerateFileSystemEntries(home.Node).Any()) return false;
        var machine = await NodeMachine.OpenAsync(home.Root, RuntimeChoice.Auto, time, NullLogger<NodeMachine>.Instance, cancellationToken);
        var found = machine.Runtime.List().Any(r => r.IsRunning);
        await machine.TearDownAsync(cancellationToken);
        return found;
    }
}
