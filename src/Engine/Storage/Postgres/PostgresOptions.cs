namespace Strata.Storage.Postgres;

/// <summary>How to reach a PostgreSQL 15 or newer, and the bounds of its use.</summary>
public sealed record PostgresOptions
{
    /// <summary>The oldest major version of PostgreSQL that has all that is used.</summary>
    public const int VersionMin = 15;

    public const long RevisionCacheBytesDefault = 64 * 1024 * 1024;

    /// <summary>In Npgsql's form, for example <c>Host=/run/strata/socket;Username=strata;Database=postgres</c>.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>
    /// Connections for scans and other single queries. Commits and wake-ups have one each beside them, and reads four to eight.
    /// </summary>
    public int PoolSizeMax { get; init; } = 8;

    /// <summary>Connections for searches: so many run at once, others wait and are then refused with SERVER_BUSY.</summary>
    public int SearchPoolSizeMax { get; init; } = 4;

    /// <summary>Commits, and reads of each sort, that may wait; past it SERVER_BUSY.</summary>
    public int QueueMax { get; init; } = 4096;

    /// <summary>Bytes of revisions read lately that are kept in memory; 0: none.</summary>
    public long RevisionCacheBytesMax { get; init; } = RevisionCacheBytesDefault;

    /// <summary>Bytes of documents that may wait to be appended; past it SERVER_BUSY.</summary>
    public long QueueBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// How long a group of commits is tried again while the database cannot write, before it fails as STORAGE_UNAVAILABLE.
    /// </summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a connection, a batch of reads or a probe waits for the database, and a read for its turn, before it fails as
    /// STORAGE_UNAVAILABLE. Whole seconds.
    /// </summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>As PostgreSQL's client takes it: whole seconds, of which none would mean without end.</summary>
    internal int SilenceSeconds => Math.Max(1, (int)SilenceMax.TotalSeconds);

    /// <summary>
    /// How long the database may fail to answer a small question before it counts as away, and what needs it is refused at once;
    /// <see cref="SilenceMax"/> where that is shorter.
    /// </summary>
    public TimeSpan AwayAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one connection may keep a batch of reads waiting while the database answers others, before they are asked again on a new
    /// one. Whole seconds.
    /// </summary>
    public TimeSpan StallMax { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long no commit of another server arrives before the connection is probed.</summary>
    public TimeSpan ProbeAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Commits that one round trip appends at most.</summary>
    public int GroupMax { get; init; } = 256;
}
