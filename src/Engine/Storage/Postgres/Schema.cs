using System.Globalization;
using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// Brings the database's schema to this program's version: numbered SQL files, each applied once in a transaction of its own, by one server
/// at a time. A database of a newer program is left alone.
/// </summary>
internal static class Schema
{
    private const long LockKey = 0x5354524154410001; // "STRATA", 1
    private const int LockAttemptsMax = 60;
    private static readonly TimeSpan LockPause = TimeSpan.FromSeconds(1);

    private const string Prepare = """
        create schema if not exists strata;
        create table if not exists strata.migration (version integer primary key, name text not null, applied_at timestamptz not null default now());
        """;

    public static async Task ApplyAsync(Connections connections, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenOwnerAsync(cancellationToken);
        if (OpenErrors.OfVersion(connection.PostgreSqlVersion) is { } old) throw old.ToException();
        if (OpenErrors.OfEncoding(connection.PostgresParameters["server_encoding"]) is { } other) throw other.ToException();
        var isNewest = await ReadVersionAsync(connection, cancellationToken) == Migrations().Max(m => m.Version);
        if (isNewest && await TenantRole.IsReadyAsync(connection, cancellationToken)) return;
        await RunAsync(connection, $"select pg_advisory_lock({LockKey})", cancellationToken);
        try
        {
            await RunAsync(connection, Prepare, cancellationToken);
            await ApplyMissingAsync(connection, cancellationToken);
            await TenantRole.SetUpAsync(connection, cancellationToken);
        }
        finally
        {
            await RunAsync(connection, $"select pg_advisory_unlock({LockKey})", CancellationToken.None);
        }
    }

    private static async Task ApplyMissingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var version = await ReadVersionAsync(connection, cancellationToken);
        var migrations = Migrations();
        if (version > migrations[^1].Version) throw Newer(version, migrations[^1].Version);
        foreach (var migration in migrations.Where(m => m.Version > version)) await ApplyAsync(connection, migration, cancellationToken);
    }

    /// <summary>
    /// In a moment in which the tables are free. Servers of the version before may be working: a wait for a table's lock holds up all that
    /// comes after it, and two that wait for each other end in an error. So this one gives up soon, and tries again.
    /// </summary>
    private static async Task ApplyAsync(
        NpgsqlConnection connection, (int Version, string Name, string Sql) migration, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await RunAsync(connection, "set local lock_timeout = '500ms'", cancellationToken);
                await RunAsync(connection, migration.Sql, cancellationToken);
                await RunAsync(connection, $"insert into strata.migration (version, name) values ({migration.Version}, '{migration.Name}')",
                    cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                if (attempt == LockAttemptsMax) throw new StrataException(OpenErrors.TablesLocked, e);
                await Task.Delay(LockPause * (0.5 + Random.Shared.NextDouble()), cancellationToken);
            }
        }
    }

    private static StrataException Newer(int found, int known) => new Error(
        ErrorKind.Unavailable, "SCHEMA_NEWER", $"The database has schema version {found}; this program knows versions up to {known}.",
        "Run the newer version of strata that wrote it.").ToException();

    private static async Task<int> ReadVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("select to_regclass('strata.migration') is not null", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true) return 0;
        await using var version = new NpgsqlCommand("select coalesce(max(version), 0) from strata.migration", connection);
        return (int)(await version.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static IReadOnlyList<(int Version, string Name, string Sql)> Migrations()
    {
        var assembly = typeof(Schema).Assembly;
        const string prefix = "Strata.Storage.Migrations.";
        return [.. assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Select(n =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(n)!);
            var name = n[prefix.Length..^".sql".Length]; // 0001-log
            return (int.Parse(name[..4], CultureInfo.InvariantCulture), name[5..], reader.ReadToEnd());
        })];
    }
}
