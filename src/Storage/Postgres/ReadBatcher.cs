using System.Threading.Channels;
using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>One entity that someone wants to read.</summary>
/// <param name="Until">No revision above it is wanted; null: as <paramref name="AsOf"/> says alone.</param>
internal readonly record struct ReadKey(TenantId Tenant, EntityId Id, AsOf AsOf, Revision? Until = null);

/// <summary>
/// Reads by id, coalesced: takes all that wait, up to a bound and never lingering, and asks for them in one round trip on one prepared connection.
/// A batch runs after all that it holds was asked, so each read sees every commit that was acknowledged before. When the connection is lost the batch
/// is asked once more on a new one, then its members fail as unavailable.
/// </summary>
internal sealed class ReadBatcher : IAsyncDisposable
{
    private const int BatchMax = 64;

    private readonly Connections connections;
    private readonly Func<NpgsqlConnection, CancellationToken, Task<ReadStatement>> prepare;
    private readonly Channel<Request> queue;
    private readonly List<Request> batch = new(BatchMax);
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private NpgsqlConnection? connection;
    private ReadStatement? statement;

    public ReadBatcher(Connections connections, PostgresOptions options, Func<NpgsqlConnection, CancellationToken, Task<ReadStatement>> prepare)
    {
        (this.connections, this.prepare) = (connections, prepare);
        queue = Channel.CreateBounded<Request>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true });
        loop = Task.Run(RunAsync);
    }

    /// <summary>A token that is cancelled meanwhile is not looked at: the batch is asked anyway and is soon answered, and listening to each would cost as much as all else here.</summary>
    public ValueTask<EntityRevision?> ReadAsync(ReadKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var request = new Request(key);
        if (!queue.Writer.TryWrite(request)) throw stop.IsCancellationRequested ? StoreErrors.Closed() : StoreErrors.Busy();
        return new(request.Task);
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stop.CancelAsync();
        await loop;
        await DropConnectionAsync();
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (await queue.Reader.WaitToReadAsync())
        {
            await Task.Yield(); // those who were just answered ask again first, as in GroupWriter: otherwise batches alternate between small and large
            batch.Clear();
            while (batch.Count < BatchMax && queue.Reader.TryRead(out var request)) batch.Add(request);
            await AnswerAsync();
        }
    }

    private async Task AnswerAsync()
    {
        try
        {
            var found = await AskWithRetryAsync();
            for (var i = 0; i < batch.Count; i++) batch[i].SetResult(found[i]);
        }
        catch (Exception e)
        {
            await DropConnectionAsync();
            foreach (var request in batch) request.TrySetException(StoreErrors.Unavailable(e));
        }
    }

    private async Task<EntityRevision?[]> AskWithRetryAsync()
    {
        var isFresh = connection is null;
        try
        {
            return await AskAsync();
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e) && !isFresh)
        {
            await DropConnectionAsync();
            return await AskAsync();
        }
    }

    private async Task<EntityRevision?[]> AskAsync()
    {
        connection ??= await connections.OpenSingleAsync(stop.Token);
        statement ??= await prepare(connection, CancellationToken.None);
        return await statement.ExecuteAsync(batch.Count, i => batch[i].Key, CancellationToken.None);
    }

    private async Task DropConnectionAsync()
    {
        statement?.Dispose();
        statement = null;
        if (connection is { } old) await old.DisposeAsync();
        connection = null;
    }

    private sealed class Request(ReadKey key) : TaskCompletionSource<EntityRevision?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public ReadKey Key => key;
    }
}
