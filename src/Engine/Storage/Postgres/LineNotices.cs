using System.Collections.Concurrent;
using System.Threading.Channels;
using Npgsql;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Notifies other servers of lines that this one has appended: at intervals, the newest position of each stream, many streams in one
/// statement. Not with each append, because a transaction that notifies holds a lock of the whole PostgreSQL until it is on disk: one
/// application's flood of lines would slow down everyone's commits. Starts with the first line. Safe for concurrent use.
/// </summary>
internal sealed class LineNotices(QueryPool pool, Supervisor supervisor, TimeProvider time) : IAsyncDisposable
{
    /// <summary>The channel on which servers notify each other: <c>TENANT:STREAM:POSITION</c>.</summary>
    public const string Channel = "strata_lines";

    private const int StreamsMax = 1000;
    private const int LastSeconds = 2;

    /// <summary>Lines appended in between are announced together.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    // A notice lost in a crash does no harm, so its commit need not wait for the disk.
    private const string NotifySql = $"""
        with quickly as materialized (select set_config('synchronous_commit', 'off', true))
        select count(pg_notify('{Channel}', tenant || ':' || stream || ':' || position)) from quickly, unnest($1, $2, $3) as n (tenant, stream, position)
        """;

    private readonly ConcurrentDictionary<(TenantId Tenant, EntityId Stream), long> newest = new();
    private readonly Channel<bool> some = System.Threading.Channels.Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock starting = new();
    private volatile SupervisedWork? work;

    public void Add(LinesAppended appended)
    {
        Keep((appended.Tenant, appended.Stream), appended.Position);
        some.Writer.TryWrite(true);
        if (work is null) Start();
    }

    /// <summary>Announces the last lines, if the database accepts that at once.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (starting)
        {
            if (work is null) return;
        }
        await work.DisposeAsync();
        try
        {
            await SendAsync(LastSeconds, CancellationToken.None);
        }
        catch (Exception e) when (e is StrataException or NpgsqlException)
        {
            // Those who follow the lines on other servers see them with the next ones.
        }
    }

    private void Start()
    {
        lock (starting) work ??= supervisor.Start("line-notices", RunAsync);
    }

    private void Keep((TenantId, EntityId) stream, long position) =>
        newest.AddOrUpdate(stream, position, (_, known) => Math.Max(known, position));

    private async Task RunAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        while (await some.Reader.WaitToReadAsync(cancellationToken))
        {
            await Task.Delay(Pause, time, cancellationToken);
            some.Reader.TryRead(out _);
            await SendAsync(null, cancellationToken);
            self.Succeeded();
        }
    }

    private async Task SendAsync(int? timeoutSeconds, CancellationToken cancellationToken)
    {
        foreach (var streams in newest.Keys.Chunk(StreamsMax)) // as they are now: what is appended meanwhile waits for the next pause
        {
            var batch = new List<LinesAppended>(streams.Length);
            foreach (var stream in streams)
            {
                if (newest.TryRemove(stream, out var position)) batch.Add(new LinesAppended(stream.Tenant, stream.Stream, position));
            }
            try
            {
                await NotifyAsync(batch, timeoutSeconds, cancellationToken);
            }
            catch
            {
                foreach (var one in batch) Keep((one.Tenant, one.Stream), one.Position);
                some.Writer.TryWrite(true); // announced when this runs again
                throw;
            }
        }
    }

    private Task<object?> NotifyAsync(List<LinesAppended> batch, int? timeoutSeconds, CancellationToken cancellationToken) =>
        pool.RunAsync(Rows.None, command =>
    {
        command.CommandText = NotifySql;
        if (timeoutSeconds is { } seconds) command.CommandTimeout = seconds;
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. batch.Select(b => b.Tenant.Value)] });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. batch.Select(b => b.Stream.Value)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. batch.Select(b => b.Position)] });
        return command.ExecuteScalarAsync(cancellationToken);
    });
}
