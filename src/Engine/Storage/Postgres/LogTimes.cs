using System.Collections.Concurrent;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// Finds the revision that a tenant's log had reached at a time. With it a read as of a time finds its place in an entity's history by the
/// index; without, it would walk back over all that came later. What was found is remembered for a while: once the log has gone on beyond
/// the time, only an import changes it. Safe for concurrent use.
/// </summary>
internal sealed class LogTimes(QueryPool queries, TimeProvider time)
{
    private const int RememberedMax = 10_000;
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(10);

    // Between the samples of the index log_time, which are materialized: behind a policy an expression is no bound for an index. No row:
    // the log has not gone on beyond the time, or holds an imported history, whose times stand behind younger ones. No revision: nothing
    // is that old.
    internal const string Sql = """
        with bounds as materialized (select
            coalesce((
                select revision from strata.log where tenant = $1 and changed_at <= $2 and ordinal = 0 and revision % 128 = 0
                order by changed_at desc, revision desc limit 1), 0) as low,
            coalesce((
                select revision from strata.log where tenant = $1 and changed_at > $2 and ordinal = 0 and revision % 128 = 0
                order by changed_at, revision limit 1), 9223372036854775807) as high)
        select (
            select l.revision from strata.log l
            where l.tenant = $1 and l.revision >= b.low and l.revision <= b.high and l.changed_at <= $2 order by l.revision desc limit 1)
        from bounds b
        where exists (select from strata.log_head where tenant = $1 and at > $2 and not imported)
        """;

    private readonly ConcurrentDictionary<(TenantId, DateTimeOffset), Found> remembered = new();

    /// <returns>No revision above it is as old as that time; null: none is known.</returns>
    public ValueTask<Revision?> FindAsync(TenantId tenant, DateTimeOffset asOf, CancellationToken cancellationToken) =>
        remembered.TryGetValue((tenant, asOf), out var known) && known.Until > time.GetTimestamp()
            ? new(known.Revision) : new(AskAsync(tenant, asOf, cancellationToken));

    private async Task<Revision?> AskAsync(TenantId tenant, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        var revision = await queries.RunAsync<Revision?>(Rows.Of(tenant), async command =>
        {
            command.CommandText = Sql;
            var parameters = new SqlParameters(command.Parameters);
            parameters.Add(tenant.Value);
            parameters.Add(asOf);
            return await command.ExecuteScalarAsync(cancellationToken) is long found ? new Revision(found) : null;
        });
        if (remembered.Count >= RememberedMax) remembered.Clear(); // rare, and cheaper than keeping an order of use
        remembered[(tenant, asOf)] = new Found(
            revision, time.GetTimestamp() + (long)(RememberedFor.TotalSeconds * time.TimestampFrequency));
        return revision;
    }

    private readonly record struct Found(Revision? Revision, long Until);
}
