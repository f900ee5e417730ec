using Microsoft.Extensions.Logging;
using Npgsql;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// The log on PostgreSQL. Commits go through one writer that groups them; reads by id coalesced on a connection or two; all else through a
/// small pool. Any number of servers may share a database and a tenant.
/// </summary>
internal sealed class PostgresLog : IEntityLog, IAsyncDisposable
{
    private readonly LogQueries queries;
    private readonly GroupQueries groups;
    private readonly FollowQuery follows;
    private readonly Notifier<TenantHead> wakes;
    private readonly CommitListener listener;
    private readonly GroupWriter writer;
    private readonly ReadBatcher latest;
    private readonly ReadBatcher past;
    private readonly LogTimes times;

    /// <param name="appended">Notified of lines that other servers append, which arrive over the same connection.</param>
    public PostgresLog(
        Connections connections, PostgresOptions options, Notifier<LinesAppended> appended, Supervisor supervisor, TimeProvider time,
        ILogger<PostgresLog> logger)
    {
        var watch = connections.Watch!;
        queries = new LogQueries(connections.Queries);
        groups = new GroupQueries(connections.Queries);
        follows = new FollowQuery(connections.Queries);
        times = new LogTimes(connections.Queries, time);
        wakes = new Notifier<TenantHead>(logger);
        listener = new CommitListener(connections, options, queries, wakes, appended, supervisor, time, logger);
        writer = new GroupWriter(connections, watch, options, listener.Hear, supervisor, time, logger);
        var cache = new RevisionCache(options.RevisionCacheBytesMax);
        latest = Batcher(ReadStatement.PrepareLatestAsync);
        past = Batcher(ReadStatement.PreparePastAsync);

        ReadBatcher Batcher(Func<NpgsqlConnection, RevisionCache, CancellationToken, Task<ReadStatement>> prepare) =>
            new(watch, options, supervisor, time, stop =>
                new ReadLane(connections, watch, options, (connection, token) => prepare(connection, cache, token), time, stop));
    }

    public ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken)
    {
        CommitGuard.Check(commit);
        return writer.AppendAsync(commit, cancellationToken);
    }

    public ValueTask<EntityRevision?> ReadAsync(TenantId tenant, EntityId id, AsOf asOf, CancellationToken cancellationToken) =>
        asOf.Time is { } time
            ? ReadThenAsync(tenant, id, time, cancellationToken)
            : (asOf.IsLatest ? latest : past).ReadAsync(new ReadKey(tenant, id, asOf), cancellationToken);

    public ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken) =>
        queries.FindAsync(tenant, model, claim, cancellationToken);

    public ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken)
    {
        ScanGuard.Check(scan);
        return queries.ScanAsync(scan, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StateCount>> CountAsync(
        TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken) =>
        groups.CountAsync(tenant, model, asOf, cancellationToken);

    public ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken) =>
        groups.GroupAsync(grouping, cancellationToken);

    public ValueTask<RevisionPage> HistoryAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        queries.HistoryAsync(tenant, id, before, limit, cancellationToken);

    public ValueTask<RevisionPage> TrailAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        queries.TrailAsync(tenant, id, before, limit, cancellationToken);

    public ValueTask<FollowPage> FollowAsync(Follow follow, CancellationToken cancellationToken) =>
        follows.ReadAsync(follow, cancellationToken);

    public ValueTask<Revision?> FindCommitAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken) =>
        queries.FindCommitAsync(tenant, commit, cancellationToken);

    public ValueTask<Revision> HeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        queries.HeadAsync(tenant, cancellationToken);

    public ValueTask<IReadOnlyList<TenantHead>> HeadsAsync(CancellationToken cancellationToken) => queries.HeadsAsync(cancellationToken);

    public ValueTask<LogExtent> ExtentAsync(CancellationToken cancellationToken) => queries.ExtentAsync(cancellationToken);

    public IDisposable OnCommit(Action<TenantHead> wake) => wakes.Add(wake);

    public ValueTask<IReadOnlyList<ScheduledTransition>> SchedulesAsync(
        TenantId tenant, EntityId id, CancellationToken cancellationToken) =>
        queries.SchedulesAsync(tenant, id, cancellationToken);

    public ValueTask<IReadOnlyList<DueTransition>> DueAsync(DueQuery query, CancellationToken cancellationToken) =>
        queries.DueAsync(query, cancellationToken);

    public ValueTask<DateTimeOffset?> NextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        queries.NextDueAsync(after, cancellationToken);

    private async ValueTask<EntityRevision?> ReadThenAsync(
        TenantId tenant, EntityId id, DateTimeOffset time, CancellationToken cancellationToken)
    {
        var until = await times.FindAsync(tenant, time, cancellationToken);
        return await past.ReadAsync(new ReadKey(tenant, id, AsOf.At(time), until), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        await latest.DisposeAsync();
        await past.DisposeAsync();
        await listener.DisposeAsync();
    }
}
