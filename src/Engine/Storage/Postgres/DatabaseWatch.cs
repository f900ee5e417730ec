using Npgsql;
using Strata.Core;
using Strata.Core.Background;

namespace Strata.Storage.Postgres;

/// <summary>
/// Knows whether the database answers, by asking it each second on a connection of its own. Once it has not answered for
/// <see cref="PostgresOptions.AwayAfter"/> it counts as away: what needs it is refused at once, what waits for it fails. One connection
/// that hangs does not count: before the database counts as away it is asked once more on a fresh one. As soon as one question is answered,
/// requests are let through again; until then there is one question at a time, however many requests come. Safe for concurrent use.
/// </summary>
internal sealed class DatabaseWatch : IAsyncDisposable
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskAwayEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>For the question on a fresh connection, after the kept one has not answered.</summary>
    private static readonly TimeSpan AskFreshMax = TimeSpan.FromSeconds(2);

    private readonly Func<CancellationToken, ValueTask<NpgsqlConnection>> open;
    private readonly TimeSpan awayAfter;
    private readonly int silenceSeconds;
    private readonly TimeProvider time;
    private readonly SupervisedWork work;
    private Task asking = Task.CompletedTask;
    private NpgsqlConnection? connection;
    private volatile Exception? reason;
    private CancellationTokenSource away = new();
    private TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource back = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="open">Opens a connection that is not shared.</param>
    public DatabaseWatch(
        Func<CancellationToken, ValueTask<NpgsqlConnection>> open, PostgresOptions options, Supervisor supervisor, TimeProvider time)
    {
        (this.open, this.time, silenceSeconds) = (open, time, options.SilenceSeconds);
        awayAfter = options.AwayAfter < options.SilenceMax ? options.AwayAfter : options.SilenceMax;
        work = supervisor.Start("database-watch", RunAsync);
    }

    /// <summary>Why the database is away; null: it answers.</summary>
    public Exception? Reason => reason;

    /// <summary>Cancelled when the database goes away. A new one when it is back.</summary>
    public CancellationToken Away => Volatile.Read(ref away).Token;

    /// <summary>Completes when the database goes away. A new one when it is back.</summary>
    public Task Gone => Volatile.Read(ref gone).Task;

    /// <summary>Completes when the database is back. Only for while it is away.</summary>
    public Task Back => Volatile.Read(ref back).Task;

    /// <summary>
    /// Raised on the watch's own thread when the database becomes unreachable, and with null when it is back. Set before anything is read
    /// or written.
    /// </summary>
    public event Action<Exception?>? Changed;

    /// <exception cref="StrataException">STORAGE_UNAVAILABLE: it is away.</exception>
    public void Check()
    {
        if (reason is { } why) throw StoreErrors.Unavailable(why);
    }

    /// <summary>Runs what has no time limit of its own. When the database goes away it is cancelled and no longer waited for.</summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE: the database is away, or went away.</exception>
    public async Task<T> WhileThereAsync<T>(Func<CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        var leaves = Gone; // before the check, as for Away
        Check();
        var own = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = run(own.Token);
        if (await Task.WhenAny(asked, leaves) == asked)
        {
            using (own) return await asked;
        }
        Abandoned.Forget(asked);
        var cancelled = Abandoned.Cancel(own.Cancel);
        _ = Task.WhenAll(cancelled, asked).ContinueWith(
            _ => own.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        throw StoreErrors.Unavailable(reason ?? new TimeoutException("The database was away for a moment."));
    }

    public async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it may have been connecting: its connection would stay open
        await DropAsync();
        away.Dispose();
    }

    private async Task RunAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        long? failingSince = null;
        for (; ; await Task.Delay(reason is null ? AskEvery : AskAwayEvery, time, cancellationToken))
        {
            var began = time.GetTimestamp();
            var isKept = connection is not null;
            var asked = asking = AskAsync(cancellationToken);
            try
            {
                if (reason is null && !await AnswersWithinAsync(
                    asked, awayAfter - time.GetElapsedTime(failingSince ?? began), cancellationToken))
                {
                    if (await AnswersFreshAsync(asked, cancellationToken))
                    {
                        failingSince = null;
                        continue;
                    }
                    GoAway(self, Silent());
                }
                await asked;
                failingSince = null;
                ComeBack(self);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                await DropAsync();
                failingSince ??= began;
                if (IsAnswer(e) || (isKept && reason is null && await AnswersFreshAsync(Task.CompletedTask, cancellationToken)))
                {
                    failingSince = null;
                    ComeBack(self);
                    if (IsAnswer(e)) self.Failed(e); // shown, and not a reason to refuse what others may be able to do
                }
                else if (time.GetElapsedTime(failingSince.Value) >= awayAfter)
                {
                    GoAway(self, e);
                }
            }
        }
    }

    /// <summary>
    /// Whether a server that is there has said so, as where it has no connection left (53300). Not one that starts or stops (57P), loses
    /// connections (08), refuses the login (28) or has not the database (3D).
    /// </summary>
    private static bool IsAnswer(Exception e) =>
        e is PostgresException { SqlState: var state } && state[..2] is not ("08" or "28" or "3D")
            && !state.StartsWith("57P", StringComparison.Ordinal);

    /// <summary>
    /// Probes on a new connection, which replaces the kept one if it answers. The kept one is closed once its probe has ended.
    /// </summary>
    private async Task<bool> AnswersFreshAsync(Task hanging, CancellationToken cancellationToken)
    {
        var fresh = AskFreshAsync(cancellationToken);
        await Task.WhenAny(fresh, Task.Delay(AskFreshMax < awayAfter ? AskFreshMax : awayAfter, time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        if (!fresh.IsCompletedSuccessfully)
        {
            _ = CloseLateAsync(fresh);
            return fresh.Exception?.InnerException is { } fault && IsAnswer(fault);
        }
        var old = connection;
        connection = await fresh;
        _ = CloseAfterAsync(hanging, old);
        return true;
    }

    private async Task<NpgsqlConnection> AskFreshAsync(CancellationToken cancellationToken)
    {
        var fresh = await open(cancellationToken);
        try
        {
            await QuestionAsync(fresh, cancellationToken);
            return fresh;
        }
        catch
        {
            await fresh.DisposeAsync();
            throw;
        }
    }

    private static async Task CloseLateAsync(Task<NpgsqlConnection> fresh)
    {
        await ((Task)fresh).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (fresh.IsCompletedSuccessfully) await (await fresh).DisposeAsync();
    }

    private static async Task CloseAfterAsync(Task hanging, NpgsqlConnection? old)
    {
        await hanging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (old is not null) await old.DisposeAsync();
    }

    private TimeoutException Silent() => new($"PostgreSQL has not answered for {awayAfter.TotalSeconds:0.#} s.");

    /// <summary>Whether the probe has ended, even with a failure.</summary>
    private async Task<bool> AnswersWithinAsync(Task asked, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (patience > TimeSpan.Zero) await Task.WhenAny(asked, Task.Delay(patience, time, cancellationToken));
        return asked.IsCompleted;
    }

    /// <summary>Its end is bounded by the timeouts of the connection and the command.</summary>
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        if (connection is not { } kept)
        {
            kept = await open(cancellationToken);
            if (Interlocked.CompareExchange(ref connection, kept, null) is not null)
            {
                await kept.DisposeAsync(); // it took so long that another has its place
                return;
            }
        }
        await QuestionAsync(kept, cancellationToken);
    }

    private async Task QuestionAsync(NpgsqlConnection open, CancellationToken cancellationToken)
    {
        await using var question = new NpgsqlCommand("select 1", open) { CommandTimeout = silenceSeconds };
        await question.ExecuteNonQueryAsync(cancellationToken);
    }

    private void GoAway(SupervisedWork self, Exception why)
    {
        self.Failed(why);
        if (reason is not null) return;
        Volatile.Write(ref back, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        reason = why;
        gone.SetResult();
        Changed?.Invoke(why);
        Abandoned.Forget(away.CancelAsync()); // what waits continues elsewhere: this loop must ask the database again
    }

    private void ComeBack(SupervisedWork self)
    {
        self.Succeeded();
        if (reason is null) return;
        // the old one is not disposed: who read it a moment ago may still wait for it
        Volatile.Write(ref away, new CancellationTokenSource());
        Volatile.Write(ref gone, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        reason = null;
        back.SetResult();
        Changed?.Invoke(null);
    }

    private async Task DropAsync()
    {
        var old = connection;
        connection = null;
        if (old is not null) await old.DisposeAsync();
    }
}
