using Npgsql;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// One connection that answers a batch of reads in one round trip. When the connection is lost, or silent while the database answers
/// others, the batch is asked once more on a new one, then its members fail as unavailable; at once where the database is away. Used by one
/// caller, who waits for <see cref="Work"/> before the next batch.
/// </summary>
internal sealed class ReadLane(
    Connections connections, DatabaseWatch watch, PostgresOptions options,
    Func<NpgsqlConnection, CancellationToken, Task<ReadStatement>> prepare, TimeProvider time, CancellationToken stop)
    : IAsyncDisposable
{
    public const int BatchMax = 64;

    private readonly TimeSpan silenceMax = options.SilenceMax;
    private readonly TimeSpan stallMax = options.StallMax < options.SilenceMax ? options.StallMax : options.SilenceMax;
    private readonly List<ReadRequest> batch = new(BatchMax);
    private NpgsqlConnection? connection;
    private ReadStatement? statement;
    private Action<Exception?> report = _ => { };
    private long startedAt;

    /// <summary>Ends when the batch begun last is answered.</summary>
    public Task Work { get; private set; } = Task.CompletedTask;

    /// <summary>How long ago the batch begun last was begun.</summary>
    public TimeSpan Busy => time.GetElapsedTime(startedAt);

    /// <summary>
    /// Begins a batch, which <paramref name="take"/> fills with <see cref="BatchMax"/> reads at most; without any it is a probe.
    /// </summary>
    /// <param name="answered">Hears before <see cref="Work"/> ends what went wrong; null: the database answered.</param>
    public void Start(Action<List<ReadRequest>> take, Action<Exception?> answered)
    {
        batch.Clear();
        report = answered;
        try
        {
            take(batch);
        }
        catch (Exception e)
        {
            FailAll(e); // no other code knows of the reads that have left the queue
            throw;
        }
        startedAt = time.GetTimestamp();
        Work = AnswerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Work;
        await DropConnectionAsync();
    }

    private async Task AnswerAsync()
    {
        var measured = LogMetrics.BatchStart();
        try
        {
            var found = await AskWithRetryAsync();
            LogMetrics.Answered(measured, batch.Count, isOk: true);
            for (var i = 0; i < batch.Count; i++) batch[i].TrySetResult(found[i]);
            report(null);
        }
        catch (Exception e)
        {
            LogMetrics.Answered(measured, batch.Count, isOk: false);
            report(e); // first: a caller that gets the failure and retries is refused at once
            FailAll(e);
            await DropConnectionAsync();
        }
    }

    /// <summary>Fails those that wait for the batch begun last. By the caller that starts batches.</summary>
    public void FailAll(Exception e)
    {
        foreach (var request in batch) request.TrySetException(StoreErrors.Unavailable(e));
    }

    private async Task<EntityRevision?[]> AskWithRetryAsync()
    {
        var isFresh = connection is null;
        try
        {
            return await AskAsync();
        }
        catch (Exception e)
            when (StoreErrors.IsConnectionLost(e) && !isFresh && watch.Reason is null && (StoreErrors.IsTimeout(e) || Busy < silenceMax))
        {
            await DropConnectionAsync();
            return await AskAsync();
        }
    }

    private async Task<EntityRevision?[]> AskAsync()
    {
        if (statement is null) await ConnectAsync();
        return await statement!.ExecuteAsync(batch.Count, i => batch[i].Key, CancellationToken.None);
    }

    private async Task ConnectAsync()
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        enough.CancelAfter(silenceMax);
        try
        {
            connection ??= await connections.OpenSingleAsync(enough.Token);
            statement = await prepare(connection, enough.Token);
            statement.SilenceMax = stallMax;
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException($"PostgreSQL did not take a connection in {silenceMax.TotalSeconds} s.", e);
        }
    }

    private async Task DropConnectionAsync()
    {
        statement?.Dispose();
        statement = null;
        var old = connection;
        connection = null;
        if (old is not null) await old.DisposeAsync();
    }
}
