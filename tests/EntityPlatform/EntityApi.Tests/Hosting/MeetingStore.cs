using Strata.Core;
using Strata.Entities.Log;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Hosting;

/// <summary>A store whose next appends wait for one another before they go on; what comes after them goes on at once.</summary>
internal sealed class MeetingStore(IStore inner) : IStore
{
    private readonly MeetingLog log = new(inner);

    public IEntityLog Log => log;

    public ILeases Leases => inner.Leases;

    public ILines Lines => inner.Lines;

    public IMessages Messages => inner.Messages;

    public IEntitySearch Search => inner.Search;

    public IDurableValues DurableValues => inner.DurableValues;

    public ISearchJobs SearchJobs => inner.SearchJobs;

    public ITransfers Transfers => inner.Transfers;

    public IRetention Retention => inner.Retention;

    public ISearchIndexes SearchIndexes => inner.SearchIndexes;

    /// <summary>The next so many appends go on together, when the last of them has come.</summary>
    public void Expect(int appends) => log.Expect(appends);

    public Task ArrivedAsync(int appends) => log.ArrivedAsync(appends);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class MeetingLog(IStore inner) : IEntityLog
    {
        private readonly Lock gate = new();
        private TaskCompletionSource met = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int expected;
        private int arrived;

        public void Expect(int appends)
        {
            lock (gate)
                (expected, arrived, met) = (appends, 0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        public async Task ArrivedAsync(int appends)
        {
            while (Volatile.Read(ref arrived) < appends) await Task.Delay(5);
        }

        /// <summary>The append itself ignores the caller's token, as one that is under way at the database does.</summary>
        public async ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken)
        {
            var append = MeetAndAppendAsync(commit);
            return await append.WaitAsync(cancellationToken);
        }

        private async Task<AppendOutcome> MeetAndAppendAsync(Commit commit)
        {
            var wait = Task.CompletedTask;
            lock (gate)
            {
                if (arrived < expected)
                {
                    wait = met.Task;
                    if (++arrived == expected) met.TrySetResult();
                }
            }
            await wait;
            return await inner.Log.AppendAsync(commit, CancellationToken.None);
        }

        public ValueTask<EntityRevision?> ReadAsync(TenantId tenant, EntityId id, AsOf asOf, CancellationToken cancellationToken) =>
            inner.Log.ReadAsync(tenant, id, asOf, cancellationToken);

        public ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken) =>
            inner.Log.FindAsync(tenant, model, claim, cancellationToken);

        public ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken) =>
            inner.Log.ScanAsync(scan, cancellationToken);

        public ValueTask<IReadOnlyList<StateCount>> CountAsync(
            TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken) =>
            inner.Log.CountAsync(tenant, model, asOf, cancellationToken);

        public ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken) =>
            inner.Log.GroupAsync(grouping, cancellationToken);

        public ValueTask<RevisionPage> HistoryAsync(
            TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
            inner.Log.HistoryAsync(tenant, id, before, limit, cancellationToken);

        public ValueTask<RevisionPage> TrailAsync(
            TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
            inner.Log.TrailAsync(tenant, id, before, limit, cancellationToken);

        public ValueTask<FollowPage> FollowAsync(Follow follow, CancellationToken cancellationToken) =>
            inner.Log.FollowAsync(follow, cancellationToken);

        public ValueTask<Revision?> FindCommitAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken) =>
            inner.Log.FindCommitAsync(tenant, commit, cancellationToken);

        public ValueTask<Revision> HeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
            inner.Log.HeadAsync(tenant, cancellationToken);

        public ValueTask<IReadOnlyList<TenantHead>> HeadsAsync(CancellationToken cancellationToken) =>
            inner.Log.HeadsAsync(cancellationToken);

        public ValueTask<LogExtent> ExtentAsync(CancellationToken cancellationToken) => inner.Log.ExtentAsync(cancellationToken);

        public IDisposable OnCommit(Action<TenantHead> wake) => inner.Log.OnCommit(wake);

        public ValueTask<IReadOnlyList<ScheduledTransition>> SchedulesAsync(
            TenantId tenant, EntityId id, CancellationToken cancellationToken) =>
            inner.Log.SchedulesAsync(tenant, id, cancellationToken);

        public ValueTask<IReadOnlyList<DueTransition>> DueAsync(DueQuery query, CancellationToken cancellationToken) =>
            inner.Log.DueAsync(query, cancellationToken);

        public ValueTask<DateTimeOffset?> NextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
            inner.Log.NextDueAsync(after, cancellationToken);
    }
}
