using Microsoft.Extensions.Logging;
using Strata.Server.Options;
using Strata.Storage.PrivateServer;

namespace Strata.Server.Parts;

/// <summary>The database: a private PostgreSQL that outlives a crash of this program and is adopted, or one that someone else runs.</summary>
internal sealed class DatabasePart(ServerOptions options, TimeProvider time, ILogger<PrivatePostgres> logger) : IPart
{
    private PrivatePostgres? own;

    public string Name => "database";

    /// <summary>Whether this server is the only one that uses it: the lock on the data folder sees to that.</summary>
    public bool IsPrivate => own is not null;

    /// <summary>Set once it has started.</summary>
    public string ConnectionString => options.PostgresUrl is { } url ? PostgresUrl.ToConnectionString(url) : own!.ConnectionString;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.PostgresUrl is null) own = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = options.Home.Postgres }, time, logger, cancellationToken);
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => keepWork || own is null ? Task.CompletedTask : own.StopAsync(cancellationToken);

    public PartHealth Health() => own switch
    {
        null when options.PostgresUrl is not null => new PartHealth(true, "an existing PostgreSQL"),
        { IsRunning: true } => new PartHealth(true, $"private PostgreSQL, process {own.ProcessId}{(own.Adopted ? ", adopted" : "")}"),
        _ => new PartHealth(false, $"PostgreSQL does not run. Its log: {own?.LogFile}. Restart with: strata down && strata up"),
    };
}
