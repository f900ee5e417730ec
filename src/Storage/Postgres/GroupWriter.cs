using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// The one writer of a server: takes all commits that wait, up to a bound and never lingering, and appends them in one round trip.
/// Invariant: a request leaves with exactly one outcome. When the connection is lost the group is sent once more on a new one, which is safe because
/// a commit that was written is found again by its id; then its members fail as unavailable. When the database refuses a group, its members are tried
/// singly, so that one bad row harms its own commit only.
/// </summary>
internal sealed partial class GroupWriter : IAsyncDisposable
{
    private const int CollisionsMax = 5;
    private const int KnownTenantsMax = 100_000;

    // Past this many that must wait for the same few entities, looking further costs more than it brings.
    private const int WaitingMax = 512;

    private readonly Connections connections;
    private readonly PostgresOptions options;
    private readonly Action<TenantHead> committed;
    private readonly ILogger logger;
    private readonly Channel<AppendRequest> queue;
    private readonly AppendGroup group;
    private readonly HashSet<TenantId> knownTenants = [];
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private readonly Dictionary<AppendParts, AppendStatement> statements = [];
    private CreateStatement? creates;
    private List<AppendRequest> waiting = [];
    private NpgsqlConnection? connection;
    private long queuedBytes;

    public GroupWriter(Connections connections, PostgresOptions options, Action<TenantHead> committed, ILogger logger)
    {
        (this.connections, this.options, this.committed, this.logger) = (connections, options, committed, logger);
        queue = Channel.CreateBounded<AppendRequest>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true });
        group = new AppendGroup(options.GroupMax);
        loop = Task.Run(RunAsync);
    }

    /// <summary>The outcome comes with the group; cancelling leaves it open whether the commit is appended.</summary>
    public ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken)
    {
        var request = new AppendRequest(commit, cancellationToken);
        if (ClaimKey.FindTwice(commit, request.Claims) is { } twice) return new(twice);
        Enqueue(request);
        return new(cancellationToken.CanBeCanceled ? request.Outcome.WaitAsync(cancellationToken) : request.Outcome);
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stop.CancelAsync();
        await loop;
        await DropConnectionAsync();
        stop.Dispose();
    }

    private void Enqueue(AppendRequest request)
    {
        var bytes = Interlocked.Add(ref queuedBytes, request.DocumentBytes);
        var fits = bytes <= options.QueueBytesMax || bytes == request.DocumentBytes; // a large one is taken when nothing else waits
        if (fits && queue.Writer.TryWrite(request)) return;
        Interlocked.Add(ref queuedBytes, -request.DocumentBytes);
        throw stop.IsCancellationRequested ? StoreErrors.Closed() : StoreErrors.Busy();
    }

    private async Task RunAsync()
    {
        while (waiting.Count > 0 || await queue.Reader.WaitToReadAsync())
        {
            Gather();
            await AppendAsync(group.Members);
            await Task.Yield(); // those just answered go first: what they append next comes into this group and not half of it into the one after
        }
    }

    /// <summary>First those that had to wait, in their order, then the queue.</summary>
    private void Gather()
    {
        group.Clear();
        var later = new List<AppendRequest>();
        foreach (var request in waiting) Take(request, later);
        while (!group.IsComplete && later.Count < WaitingMax && queue.Reader.TryRead(out var request))
        {
            Interlocked.Add(ref queuedBytes, -request.DocumentBytes);
            Take(request, later);
        }
        waiting = later;
    }

    private void Take(AppendRequest request, List<AppendRequest> later)
    {
        if (request.CancellationToken.IsCancellationRequested) request.Cancel();
        else if (!group.TryAdd(request)) later.Add(request);
    }

    private async Task AppendAsync(IReadOnlyList<AppendRequest> members)
    {
        if (members.Count == 0) return;
        try
        {
            Complete(members, await WriteWithRetryAsync(members));
        }
        catch (PostgresException e) when (!StoreErrors.IsConnectionLost(e))
        {
            if (members.Count == 1) await RefuseAsync(members[0], e);
            else foreach (var member in members.ToArray()) await AppendAsync([member]);
        }
        catch (Exception e)
        {
            await DropConnectionAsync();
            AppendFailed(e, members.Count);
            foreach (var member in members) member.Fail(StoreErrors.Unavailable(e));
        }
    }

    private async Task<AppendOutcome[]> WriteWithRetryAsync(IReadOnlyList<AppendRequest> members)
    {
        var isFresh = connection is null;
        for (var collisions = 0; ;)
        {
            try
            {
                return await WriteAsync(members);
            }
            catch (Exception e) when (StoreErrors.IsCollision(e) && collisions++ < CollisionsMax)
            {
                // Rolled back whole; the next attempt sees what won.
            }
            catch (Exception e) when (StoreErrors.IsConnectionLost(e) && !isFresh)
            {
                await DropConnectionAsync();
                isFresh = true;
            }
        }
    }

    private async Task<AppendOutcome[]> WriteAsync(IReadOnlyList<AppendRequest> members)
    {
        connection ??= await connections.OpenSingleAsync(stop.Token);
        await AddTenantsAsync(connection, members);
        return CreateStatement.Suits(members) && await CreateAsync(connection, members) is { } outcomes ? outcomes : await CheckAndWriteAsync(connection, members);
    }

    /// <summary>Null where something is not new: nothing was written then.</summary>
    private async Task<AppendOutcome[]?> CreateAsync(NpgsqlConnection open, IReadOnlyList<AppendRequest> members)
    {
        try
        {
            creates ??= await CreateStatement.PrepareAsync(open, CancellationToken.None);
            return await creates.ExecuteAsync(members, CancellationToken.None);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return null;
        }
    }

    private async Task<AppendOutcome[]> CheckAndWriteAsync(NpgsqlConnection open, IReadOnlyList<AppendRequest> members)
    {
        var parts = AppendStatement.PartsOf(members);
        if (!statements.TryGetValue(parts, out var statement))
            statements.Add(parts, statement = await AppendStatement.PrepareAsync(open, parts, CancellationToken.None));
        return await statement.ExecuteAsync(members, CancellationToken.None);
    }

    private async Task AddTenantsAsync(NpgsqlConnection open, IReadOnlyList<AppendRequest> members)
    {
        if (members.All(m => knownTenants.Contains(m.Commit.Tenant))) return;
        var tenants = members.Select(m => m.Commit.Tenant).Distinct().ToList();
        await using var command = new NpgsqlCommand(AppendSql.AddTenants, open);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. tenants.Select(t => t.Value)] });
        await command.ExecuteNonQueryAsync();
        if (knownTenants.Count > KnownTenantsMax) knownTenants.Clear();
        knownTenants.UnionWith(tenants);
    }

    private void Complete(IReadOnlyList<AppendRequest> members, AppendOutcome[] outcomes)
    {
        var heads = new Dictionary<TenantId, Revision>();
        for (var i = 0; i < outcomes.Length; i++)
        {
            members[i].Succeed(outcomes[i]);
            if (outcomes[i] is AppendOutcome.Committed c && c.Revision > heads.GetValueOrDefault(members[i].Commit.Tenant))
                heads[members[i].Commit.Tenant] = c.Revision;
        }
        foreach (var (tenant, revision) in heads) committed(new TenantHead(tenant, revision));
    }

    /// <summary>What the database refuses is bad data, but for a commit whose id it has already: that one found its first outcome.</summary>
    private async Task RefuseAsync(AppendRequest request, PostgresException e)
    {
        if (e.ConstraintName == AppendSql.CommitIndex && await FindFirstAsync(request.Commit) is { } first)
        {
            request.Succeed(first);
            return;
        }
        CommitRefused(e, request.Commit.Tenant, request.Commit.Id);
        request.Fail(StoreErrors.Refused(e));
    }

    private async Task<AppendOutcome.Committed?> FindFirstAsync(Commit commit)
    {
        try
        {
            await using var command = new NpgsqlCommand(AppendSql.FirstOutcome, connection);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = commit.Tenant.Value });
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = commit.Id.Value });
            await using var row = await command.ExecuteReaderAsync();
            return await row.ReadAsync() ? new AppendOutcome.Committed(new Revision(row.GetInt64(0)), row.GetDateTime(1)) : null;
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e))
        {
            await DropConnectionAsync();
            return null;
        }
    }

    private async Task DropConnectionAsync()
    {
        foreach (var statement in statements.Values) statement.Dispose();
        statements.Clear();
        creates?.Dispose();
        creates = null;
        knownTenants.Clear();
        if (connection is { } old) await old.DisposeAsync();
        connection = null;
    }
}
