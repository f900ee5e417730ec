using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// The one writer of a server: takes all commits that wait, up to a bound and never lingering, and appends them in one round trip.
/// Invariant: a request leaves with exactly one outcome, whatever happens to the database or to this loop, which runs supervised.
/// <para>A group is refused as bad data only for errors that the data can cause (<see cref="StoreErrors.IsDataFault"/>); then its members
/// are tried singly, so that one bad row harms its own commit only. After any other error the group is sent again on a new connection, with
/// back-off, for <see cref="PostgresOptions.RetryFor"/>: that is safe, because a commit that was written is found again by its id. After
/// that its members are looked up once more, and those not found fail as unavailable.</para>
/// </summary>
internal sealed partial class GroupWriter : IAsyncDisposable
{
    private const string Name = "commit-writer";
    private const int KnownTenantsMax = 100_000;

    // Past this many that must wait for the same few entities, looking further costs more than it brings.
    private const int WaitingMax = 512;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProbePause = TimeSpan.FromSeconds(2);

    private readonly Connections connections;
    private readonly DatabaseWatch watch;
    private readonly Lock gathering = new();
    private readonly PostgresOptions options;
    private readonly Action<TenantHead> committed;
    private readonly Supervisor supervisor;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Channel<AppendRequest> queue;
    private readonly AppendGroup group;
    private readonly HashSet<TenantId> knownTenants = [];
    private readonly CancellationTokenSource stop = new();
    private readonly SupervisedWork work;
    private readonly Dictionary<AppendParts, AppendStatement> statements = [];
    private readonly Meter meter;
    private CreateStatement? creates;
    private volatile Action? cancelAtWork; // of the statement that was sent last
    private List<AppendRequest> waiting = [];
    private NpgsqlConnection? connection;
    private long queuedBytes;
    private bool isAway;
    private Exception? awayBecause;

    public GroupWriter(
        Connections connections, DatabaseWatch watch, PostgresOptions options, Action<TenantHead> committed, Supervisor supervisor,
        TimeProvider time, ILogger logger)
    {
        (this.connections, this.watch, this.options, this.committed, this.supervisor, this.time, this.logger) =
            (connections, watch, options, committed, supervisor, time, logger);
        queue = Channel.CreateBounded<AppendRequest>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true });
        group = new AppendGroup(options.GroupMax);
        meter = LogMetrics.Queue(() => queue.Reader.Count, () => Interlocked.Read(ref queuedBytes));
        work = supervisor.Start(Name, RunAsync, atEnd: Close);
        watch.Changed += Look;
    }

    /// <summary>The outcome comes with the group; cancelling leaves it open whether the commit is appended.</summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE, at once while the database is away; SERVER_BUSY.</exception>
    public ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken)
    {
        watch.Check();
        var request = new AppendRequest(commit, cancellationToken);
        if (ClaimKey.FindTwice(commit, request.Claims) is { } twice) return new(twice);
        var span = LogMetrics.StartCommit(commit);
        try
        {
            Enqueue(request);
        }
        catch
        {
            span?.Dispose(); // refused: there is no outcome that would end it
            throw;
        }
        // It may have gone away after the check, and have failed all others before this one was among them.
        if (watch.Reason is { } reason) request.Fail(StoreErrors.Unavailable(reason));
        var outcome = cancellationToken.CanBeCanceled ? request.Outcome.WaitAsync(cancellationToken) : request.Outcome;
        return new(span is null ? outcome : LogMetrics.TraceAsync(span, request, outcome));
    }

    public async ValueTask DisposeAsync()
    {
        watch.Changed -= Look;
        await stop.CancelAsync();
        await work.DisposeAsync();
        await DropConnectionAsync();
        meter.Dispose();
        stop.Dispose();
    }

    private void Enqueue(AppendRequest request)
    {
        var bytes = Interlocked.Add(ref queuedBytes, request.DocumentBytes);
        var fits = bytes <= options.QueueBytesMax || bytes == request.DocumentBytes; // a large one is taken when nothing else waits
        if (fits && queue.Writer.TryWrite(request)) return;
        Interlocked.Add(ref queuedBytes, -request.DocumentBytes);
        throw stop.IsCancellationRequested || queue.Reader.Completion.IsCompleted ? StoreErrors.Closed() : StoreErrors.Busy();
    }

    /// <summary>
    /// Ends on request, once the queue is empty. If it fails, its waiters fail, and the supervisor reports the failure and restarts it.
    /// </summary>
    private async Task RunAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        // Closed by the request to stop and by nothing before it: an end that was not asked for would count as a failure.
        await using var closing = cancellationToken.Register(() => queue.Writer.TryComplete());
        try
        {
            while (waiting.Count > 0 || await WaitForCommitsAsync(self))
            {
                Gather();
                await AppendAsync(group.Members, time.GetTimestamp());
                if (!isAway) self.Succeeded();
                else if (awayBecause is { } reason) self.Failed(reason); // a database that reads and cannot write shows nowhere else
                // those just answered go first: what they append next comes into this group and not half of it into the one after
                await Task.Yield();
            }
        }
        catch (Exception e)
        {
            FailAll(StoreErrors.Unavailable(e));
            throw;
        }
    }

    /// <summary>
    /// Waits for commits. While the database is away it is asked now and then, so that its return shows without one. A database that
    /// answers and does not write, as on a full or hanging disk, shows only by the next commit.
    /// </summary>
    /// <returns>False when the queue is closed.</returns>
    private async ValueTask<bool> WaitForCommitsAsync(SupervisedWork self)
    {
        if (awayBecause is null) return await queue.Reader.WaitToReadAsync(CancellationToken.None);
        var some = queue.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        while (!some.IsCompleted && awayBecause is { } reason && StoreErrors.IsServerGone(reason))
        {
            await Task.WhenAny(some, Task.Delay(ProbePause, time, CancellationToken.None));
            if (some.IsCompleted || !await IsBackAsync()) continue;
            awayBecause = null; // and it stays away until something is written
            self.Succeeded();
        }
        return await some;
    }

    /// <summary>After this nothing enters the queue, and nothing is left in it.</summary>
    private void Close()
    {
        queue.Writer.TryComplete();
        FailAll(StoreErrors.Closed());
    }

    /// <summary>First those that had to wait, in their order, then the queue.</summary>
    private void Gather()
    {
        using var _ = gathering.EnterScope();
        group.Clear();
        var former = waiting;
        waiting = [];
        foreach (var request in former) Take(request);
        while (!group.IsComplete && waiting.Count < WaitingMax && queue.Reader.TryRead(out var request))
        {
            Interlocked.Add(ref queuedBytes, -request.DocumentBytes);
            Take(request);
        }
    }

    private void Take(AppendRequest request)
    {
        if (request.Outcome.IsCompleted) return; // failed while the database was away
        if (request.CancellationToken.IsCancellationRequested) request.Cancel();
        else if (!group.TryAdd(request)) waiting.Add(request);
    }

    /// <param name="begun">When the group was first sent.</param>
    private async Task AppendAsync(IReadOnlyList<AppendRequest> members, long begun)
    {
        if (members.Count == 0) return;
        LogMetrics.Grouped(members);
        try
        {
            Complete(members, await WriteWithRetryAsync(members, begun));
        }
        catch (PostgresException e) when (members.Count > 1 && StoreErrors.MayBeOneRow(e))
        {
            foreach (var member in members.ToArray()) await AppendAsync([member], begun);
        }
        catch (PostgresException e) when (StoreErrors.IsDataFault(e))
        {
            CommitRefused(e, members[0].Commit.Tenant, members[0].Commit.Id);
            members[0].Fail(StoreErrors.Refused(e));
        }
        catch (Exception e)
        {
            AppendFailed(e, members.Count);
            // otherwise all have failed when the database went away
            if (!members.All(m => m.Outcome.IsCompleted)) await ResolveAsync(members, e);
        }
    }

    private async Task<AppendOutcome[]> WriteWithRetryAsync(IReadOnlyList<AppendRequest> members, long begun)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                var outcomes = await WriteAsync(members);
                (isAway, awayBecause) = (false, null);
                return outcomes;
            }
            catch (Exception e) when (e is not PostgresException p || !StoreErrors.IsDataFault(p))
            {
                if (!StoreErrors.IsCollision(e)) await DropConnectionAsync();
                var isPoison = members.Count > 1 && e is PostgresException q && StoreErrors.MayBeOneRow(q);
                if (isPoison) throw; // the others need not wait for it
                var isOver = stop.IsCancellationRequested || watch.Reason is not null || time.GetElapsedTime(begun) > options.RetryFor;
                if (isAway || isOver)
                {
                    // Until something succeeds, later groups are tried once, so that the queue does not stand still.
                    (isAway, awayBecause) = (true, e is OperationCanceledException ? WentAway(e) : e);
                    throw;
                }
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<AppendOutcome[]> WriteAsync(IReadOnlyList<AppendRequest> members)
    {
        connection ??= await OpenAsync();
        await AddTenantsAsync(connection, members);
        var (outcomes, resent) = CreateStatement.Suits(members) ? await CreateAsync(connection, members) : (null, AppendParts.None);
        if (outcomes is null) return await CheckAndWriteAsync(connection, members, resent);
        if (Array.Exists(outcomes, o => o is null)) return await CompleteAsync(connection, members, outcomes);
        return outcomes!;
    }

    /// <summary>Of tenants that were closed; which of their commits that concerns is for the other statement to check.</summary>
    private async Task<AppendOutcome[]> CompleteAsync(
        NpgsqlConnection open, IReadOnlyList<AppendRequest> members, AppendOutcome?[] outcomes)
    {
        var left = members.Where((_, no) => outcomes[no] is null).ToList();
        var others = new Queue<AppendOutcome>(await CheckAndWriteAsync(open, left, AppendParts.None));
        return Array.ConvertAll(outcomes, o => o ?? others.Dequeue());
    }

    /// <summary>No outcomes where something is not new: nothing was written then.</summary>
    private async Task<(AppendOutcome?[]?, AppendParts)> CreateAsync(NpgsqlConnection open, IReadOnlyList<AppendRequest> members)
    {
        try
        {
            creates ??= await CreateStatement.PrepareAsync(open, CancellationToken.None);
            cancelAtWork = creates.Cancel;
            return (await creates.ExecuteAsync(members, CancellationToken.None), AppendParts.None);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return (null, e.ConstraintName == AppendSql.CommitIndex ? AppendParts.Resent : AppendParts.None);
        }
    }

    /// <summary>
    /// A commit whose id is in the log already breaches the index only where its expectations would let it in; then all are looked up.
    /// </summary>
    private async Task<AppendOutcome[]> CheckAndWriteAsync(NpgsqlConnection open, IReadOnlyList<AppendRequest> members, AppendParts resent)
    {
        try
        {
            return await ExecuteAsync(open, members, AppendStatement.PartsOf(members) | resent);
        }
        catch (PostgresException e) when (e.ConstraintName == AppendSql.CommitIndex && resent == AppendParts.None)
        {
            return await ExecuteAsync(open, members, AppendStatement.PartsOf(members) | AppendParts.Resent);
        }
    }

    private async Task<AppendOutcome[]> ExecuteAsync(NpgsqlConnection open, IReadOnlyList<AppendRequest> members, AppendParts parts)
    {
        if (!statements.TryGetValue(parts, out var statement))
            statements.Add(parts, statement = await AppendStatement.PrepareAsync(open, parts, CancellationToken.None));
        cancelAtWork = statement.Cancel;
        return await statement.ExecuteAsync(members, CancellationToken.None);
    }

    private async Task AddTenantsAsync(NpgsqlConnection open, IReadOnlyList<AppendRequest> members)
    {
        if (members.All(m => knownTenants.Contains(m.Commit.Tenant))) return;
        var tenants = members.Select(m => m.Commit.Tenant).Distinct().ToList();
        await using var command = new Query(open, Rows.Of(tenants)) { CommandText = AppendSql.AddTenants };
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. tenants.Select(t => t.Value)] });
        cancelAtWork = command.Cancel;
        await command.ExecuteNonQueryAsync(CancellationToken.None);
        if (knownTenants.Count > KnownTenantsMax) knownTenants.Clear();
        knownTenants.UnionWith(tenants);
    }

    /// <summary>
    /// Notifications come before the answers: once a writer has its answer, this server's feed has been notified of the commit.
    /// </summary>
    private void Complete(IReadOnlyList<AppendRequest> members, AppendOutcome[] outcomes)
    {
        var heads = new Dictionary<TenantId, Revision>();
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (RevisionOf(outcomes[i]) is { } revision && revision > heads.GetValueOrDefault(members[i].Commit.Tenant))
                heads[members[i].Commit.Tenant] = revision;
        }
        foreach (var (tenant, revision) in heads) committed(new TenantHead(tenant, revision));
        for (var i = 0; i < outcomes.Length; i++) members[i].Succeed(outcomes[i]);
    }

    private static Revision? RevisionOf(AppendOutcome outcome) => outcome switch
    {
        AppendOutcome.Committed c => c.Revision,
        AppendOutcome.AlreadyCommitted a => a.Revision,
        _ => null,
    };

    /// <summary>
    /// What was written before the trouble is in the log, and a database that has become read-only can still say so. Those not found may be
    /// written by a statement that still runs, so their outcome is unknown until they are sent again.
    /// </summary>
    private async Task ResolveAsync(IReadOnlyList<AppendRequest> members, Exception e)
    {
        try
        {
            foreach (var (no, outcome) in await FindAsync(members))
            {
                committed(new TenantHead(members[no].Commit.Tenant, outcome.Revision));
                members[no].Succeed(outcome);
            }
        }
        catch (Exception again)
        {
            NotResolved(again);
            await DropConnectionAsync();
        }
        foreach (var member in members) member.Fail(StoreErrors.Unavailable(e)); // does nothing to those that were found
    }

    private async Task<List<(int No, AppendOutcome.AlreadyCommitted Outcome)>> FindAsync(IReadOnlyList<AppendRequest> members)
    {
        connection ??= await OpenAsync();
        var rows = Rows.Of(members.Select(m => m.Commit.Tenant).Distinct());
        await using var command = new Query(connection, rows) { CommandText = AppendSql.FindCommits };
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. members.Select(m => m.Commit.Tenant.Value)] });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. members.Select(m => m.Commit.Id.Value)] });
        var found = new List<(int, AppendOutcome.AlreadyCommitted)>();
        cancelAtWork = command.Cancel;
        await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await row.ReadAsync(CancellationToken.None))
            found.Add(
                ((int)row.GetInt64(0),
                    new AppendOutcome.AlreadyCommitted(new Revision(row.GetInt64(1)), row.GetFieldValue<DateTimeOffset>(2))));
        return found;
    }

    private async Task DropConnectionAsync()
    {
        foreach (var statement in statements.Values) statement.Dispose();
        statements.Clear();
        creates?.Dispose();
        creates = null;
        knownTenants.Clear();
        var old = connection;
        connection = null;
        if (old is not null) await old.DisposeAsync();
    }
}
