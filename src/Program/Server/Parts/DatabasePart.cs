using Microsoft.Extensions.Logging;
using Strata.Core.Background;
using Strata.Server.Options;
using Strata.Storage.PrivateServer;

namespace Strata.Server.Parts;

/// <summary>
/// The database: a private PostgreSQL that outlives a crash of this program and is adopted, or one that someone else runs. A private one that dies is started again.
/// </summary>
internal sealed class DatabasePart(ServerOptions options, Supervisor supervisor, TimeProvider time, ILogger<PrivatePostgres> logger) : IPart
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A segment of PostgreSQL's write-ahead log: with less it cannot begin the next.</summary>
    private const long FreeBytesMin = 16 << 20;

    private PrivatePostgres? own;
    private SupervisedWork? watch;

    public string Name => "database";

    /// <summary>Whether this server is the only one that uses it: the lock on the data folder sees to that.</summary>
    public bool IsPrivate => own is not null;

    /// <summary>Set once it has started.</summary>
    public string ConnectionString => options.PostgresUrl is { } url ? PostgresUrl.ToConnectionString(url) : own!.ConnectionString;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.PostgresUrl is not null) return;
        own = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = options.Home.Postgres }, time, logger, cancellationToken);
        watch = supervisor.Start("postgres", WatchAsync);
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (watch is not null) await watch.StopAsync(cancellationToken);
        if (!keepWork && own is not null) await own.StopAsync(cancellationToken);
    }

    public PartHealth Health() => own switch
    {
        null when options.PostgresUrl is not null => new PartHealth(true, "an existing PostgreSQL"),
        _ when own is not null && FreeBytes() is < FreeBytesMin and var free => new PartHealth(
            false, $"the disk of {options.Home.Postgres} is full, {free >> 10} KiB are left: writes fail (No space left on device) until there is room; free some space, nothing needs a restart"),
        { IsRunning: true } => new PartHealth(true, $"private PostgreSQL, process {own!.ProcessId}{(own.Adopted ? ", adopted" : "")}"),
        null => new PartHealth(false, "has not started"),
        _ => new PartHealth(false, $"PostgreSQL has died and is being started again{(watch?.Health.LastError is { } error ? $", so far without success: {error}" : "")}"),
    };

    private long FreeBytes() => new DriveInfo(options.Home.Postgres).AvailableFreeSpace;

    private async Task WatchAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(LookEvery, time, cancellationToken))
        {
            await own!.ReviveAsync(cancellationToken);
            work.Succeeded();
        }
    }
}
