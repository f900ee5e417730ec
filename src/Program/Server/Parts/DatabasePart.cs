using Microsoft.Extensions.Logging;
using Strata.Core.Background;
using Strata.Server.Options;
using Strata.Storage.PrivateServer;

namespace Strata.Server.Parts;

/// <summary>
/// The database: a private PostgreSQL that outlives a crash of this program and is adopted, or one that someone else runs. A private one
/// that dies is started again.
/// </summary>
internal sealed class DatabasePart(ServerOptions options, Supervisor supervisor, TimeProvider time, ILogger<PrivatePostgres> logger) : IPart
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A segment of PostgreSQL's write-ahead log: with less it cannot begin the next.</summary>
    private const long FreeBytesMin = 16 << 20;

    private PrivatePostgres? own;
    private SupervisedWork? watch;
    private string? unanswered;

    public string Name => "database";

    /// <summary>
    /// Why the storage's last question was not answered; null: it was, or none was asked yet. For a database that is watched by nothing
    /// else.
    /// </summary>
    public string? Unanswered { get => Volatile.Read(ref unanswered); set => Volatile.Write(ref unanswered, value); }

    /// <summary>Whether this server is the only one that uses it: the lock on the data folder sees to that.</summary>
    public bool IsPrivate => own is not null;

    /// <summary>Set once it has started.</summary>
    public string ConnectionString => options.PostgresUrl is { } url ? PostgresUrl.ToConnectionString(url) : own!.ConnectionString;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.PostgresUrl is not null) return;
        own = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions { Folder = options.Home.Postgres }, time, logger, cancellationToken);
        watch = supervisor.Start("postgres", WatchAsync);
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (watch is not null) await watch.StopAsync(cancellationToken);
        if (!keepWork && own is not null) await own.StopAsync(cancellationToken);
    }

    public PartHealth Health()
    {
        if (options.PostgresUrl is not null)
            return Unanswered is { } why ? new PartHealth(false, $"an existing PostgreSQL, which does not answer: {why}")
                : new PartHealth(true, "an existing PostgreSQL");
        if (own is null) return new PartHealth(false, "has not started");
        var process = own.IsRunning ? new PartHealth(true, $"private PostgreSQL, process {own.ProcessId}{(own.Adopted ? ", adopted" : "")}")
            : new PartHealth(
                false, $"PostgreSQL has died and is being started again{(watch?.Health.LastError is { } e ? $", so far without success: {e}" : "")}");
        return DiskFault(options.Home.Postgres) is not { } fault
            ? process : new PartHealth(false, process.Ok ? fault : $"{process.Message}; {fault}");
    }

    /// <summary>What keeps the disk of a folder from being written; null: nothing that is known.</summary>
    internal static string? DiskFault(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace is < FreeBytesMin and var free
                ? $"the disk of {folder} is full, {free >> 10} KiB are left: writes fail (No space left on device) until there is room; "
                    + "free some space, nothing needs a restart"
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"how much is free on the disk of {folder} is unknown: {e.Message}";
        }
    }

    private async Task WatchAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(LookEvery, time, cancellationToken))
        {
            await own!.ReviveAsync(cancellationToken);
            work.Succeeded();
        }
    }
}
