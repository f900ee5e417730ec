using System.Globalization;
using Strata.Core;

namespace Strata.Storage.PrivateServer;

/// <summary>The settings of a private PostgreSQL: durable, small in memory, reachable through its socket only.</summary>
internal static class PostgresSettings
{
    public const string FileName = "strata.conf";

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    // Rewritten on each start, so that a newer Strata applies its settings.
    private const string Settings = """
        listen_addresses = ''
        unix_socket_permissions = 0700
        huge_pages = off
        work_mem = 8MB
        maintenance_work_mem = 64MB
        fsync = on
        synchronous_commit = on
        full_page_writes = on
        wal_buffers = 16MB
        min_wal_size = 128MB
        max_wal_size = 2GB
        checkpoint_timeout = 10min
        checkpoint_completion_target = 0.9
        jit = off
        max_parallel_workers_per_gather = 0
        autovacuum_naptime = 15s
        autovacuum_vacuum_insert_scale_factor = 0.5
        logging_collector = off
        log_min_messages = warning
        log_checkpoints = off
        log_line_prefix = '%m [%p] '
        timezone = 'UTC'
        log_timezone = 'UTC'

        """;

    public static void Write(string data, int connectionsMax)
    {
        WriteFile(Path.Combine(data, FileName), string.Create(
            CultureInfo.InvariantCulture, $"{Settings}shared_buffers = {BuffersMiB()}MB\nmax_connections = {connectionsMax}\n"));
        WriteAccess(data);
        var main = Path.Combine(data, "postgresql.conf");
        var include = $"include '{FileName}'\n";
        var text = File.ReadAllText(main);
        if (!text.EndsWith(include, StringComparison.Ordinal)) WriteFile(main, text + include);
    }

    /// <summary>
    /// Who may connect: processes with the password. Having the server's uid is not enough, as other servers on the machine may have it
    /// too.
    /// </summary>
    public static void WriteAccess(string data) => WriteFile(Path.Combine(data, "pg_hba.conf"), "local all all scram-sha-256\n");

    /// <summary>
    /// A sixteenth of the memory that this process may use: what is read again and again should not have to be fetched from the system's
    /// cache.
    /// </summary>
    private static long BuffersMiB() => Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16 / (1 << 20), 128, 1024);

    /// <summary>Whole or not at all, and only where it differs: a start on a full disk must not leave an empty file.</summary>
    private static void WriteFile(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text && File.GetUnixFileMode(path) == Readable) return;
        AtomicFile.Write(path, text);
        File.SetUnixFileMode(path, Readable);
    }
}
