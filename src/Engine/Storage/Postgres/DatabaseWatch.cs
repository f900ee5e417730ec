using Npgsql;
using Strata.Core;
using Strata.Core.Background;

namespace Strata.Storage.Postgres;

/// <summary>
/// Knows whether the database answers, by asking it each second on a connection of its own. Once it has not answered for <see cref="PostgresOptions.AwayAfter"/> it counts as away: what
/// needs it is refused at once, what waits for it fails. As soon as one question is answered, requests are let through again; until then there is one question at a time, however many
/// requests come. Safe for concurrent use.
/// </summary>
internal sealed class DatabaseWatch : IAsyncDisposable
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskAwayEvery = TimeSpan.FromMilliseconds(250);

    private readonly Func<CancellationToken, ValueTask<NpgsqlConnection>> open;
    private readonly TimeSpan awayAfter;
    private readonly int silenceSeconds;
    private readonly TimeProvider time;
    private readonly SupervisedWork work;
    private NpgsqlConnection? connection;
    private volatile Exception? reason;
    private CancellationTokenSource away = new();
    private TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource back = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="open">Opens a connection that nobody else uses.</param>
    public DatabaseWatch(Func<CancellationToken, ValueTask<NpgsqlConnection>> open, PostgresOptions options, Supervisor supervisor, TimeProvider time)
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

    /// <summary>Told on the watch's own thread when the database goes away, and with null when it is back. Set before anything is read or written.</summary>
    public event Action<Exception?>? Changed;

    /// <exception cref="StrataException">STORAGE_UNAVAILABLE: it is away.</exception>
    public void Check()
    {
        if (reason is { } why) throw StoreErrors.Unavailable(why);
    }

    public async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await DropAsync();
        away.Dispose();
    }

    private async Task RunAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        long? failingSince = null;
        for (; ; await Task.Delay(reason is null ? AskEvery : AskAwayEvery, time, cancellationToken))
        {
            var began = time.GetTimestamp();
            var asked = AskAsync(cancellationToken);
            try
            {
                if (reason is null && !await AnswersWithinAsync(asked, awayAfter - time.GetElapsedTime(failingSince ?? began), cancellationToken)) GoAway(self, Silent());
                await asked;
                failingSince = null;
                ComeBack(self);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                await DropAsync();
                failingSince ??= began;
                if (time.GetElapsedTime(failingSince.Value) >= awayAfter) GoAway(self, e);
            }
        }
    }

    private TimeoutException Silent() => new($"PostgreSQL has not answered for {awayAfter.TotalSeconds:0.#} s.");

    /// <summary>Whether the question has come to an end, be it a failure.</summary>
    private async Task<bool> AnswersWithinAsync(Task asked, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (patience > TimeSpan.Zero) await Task.WhenAny(asked, Task.Delay(patience, time, cancellationToken));
        return asked.IsCompleted;
    }

    /// <summary>Its end is bounded by the timeouts of the connection and the command.</summary>
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        connection ??= await open(cancellationToken);
        await using var question = new NpgsqlCommand("select 1", connection) { CommandTimeout = silenceSeconds };
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
        away.Cancel();
    }

    private void ComeBack(SupervisedWork self)
    {
        self.Succeeded();
        if (reason is null) return;
        Volatile.Write(ref away, new CancellationTokenSource()); // the old one is not disposed: who read it a moment ago may still wait for it
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
