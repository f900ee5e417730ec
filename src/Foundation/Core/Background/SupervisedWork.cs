using Microsoft.Extensions.Logging;

namespace Strata.Core.Background;

/// <summary>
/// One piece of background work. Invariant: from its start until <see cref="StopAsync"/> it either runs or waits for its next start; no
/// exception ends it, and an early return only where it was started as work that may end. Safe for concurrent use.
/// </summary>
public sealed class SupervisedWork : IAsyncDisposable
{
    private static readonly Error Ended = new(ErrorKind.Internal, "WORK_ENDED", "It returned without being asked to stop.");

    private readonly Supervisor supervisor;
    private readonly Func<SupervisedWork, CancellationToken, Task> run;
    private readonly CancellationTokenSource stop = new();
    private readonly bool mayEnd;
    private readonly Action? atEnd;
    private readonly Lock gate = new();
    private WorkState state = WorkState.Running;
    private DateTimeOffset since;
    private string? lastError;
    private DateTimeOffset? lastErrorAt;
    private long restarts;
    private int failures;
    private Task loop = Task.CompletedTask;

    internal SupervisedWork(
        Supervisor supervisor, string name, bool mayEnd, Func<SupervisedWork, CancellationToken, Task> run, Action? atEnd)
    {
        (this.supervisor, this.mayEnd, this.run, this.atEnd, Name) = (supervisor, mayEnd, run, atEnd, name);
        since = supervisor.Time.GetUtcNow();
    }

    public string Name { get; }

    /// <summary>Completes when the work was asked to stop and has, or has finished; never faults.</summary>
    public Task Completion => loop;

    public WorkHealth Health
    {
        get
        {
            lock (gate) return new WorkHealth(Name, state, since, 1, state == WorkState.Failing ? 1 : 0, restarts, lastError, lastErrorAt);
        }
    }

    /// <summary>
    /// A round went well: clears <see cref="WorkState.Failing"/> and resets the back-off. Cheap enough to call each round.
    /// </summary>
    public void Succeeded()
    {
        if (Volatile.Read(ref failures) == 0) return;
        lock (gate)
        {
            failures = 0;
            Enter(WorkState.Running);
        }
    }

    /// <summary>For work that has to survive its own failures, because a restart would lose what it holds: records the failure.</summary>
    /// <returns>How long to wait before the next attempt.</returns>
    public TimeSpan Failed(Exception exception)
    {
        lock (gate)
        {
            failures++;
            lastError = FailureText.Of(exception);
            lastErrorAt = supervisor.Time.GetUtcNow();
            Enter(WorkState.Failing);
        }
        var pause = Supervisor.PauseAfter(failures, Random.Shared.NextDouble());
        supervisor.LogFailed(Name, failures, pause, exception);
        return pause;
    }

    /// <summary>Cancels the work and waits for its end.</summary>
    /// <param name="cancellationToken">Ends the wait, not the work: that is cancelled anyway.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stop.CancelAsync();
        await loop.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    internal void Begin() => loop = Task.Run(LoopAsync);

    private async Task LoopAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            var begun = supervisor.Time.GetTimestamp();
            var fault = await RunOnceAsync();
            if (fault is null || stop.IsCancellationRequested) break;
            if (supervisor.Time.GetElapsedTime(begun) > Supervisor.Settled) Succeeded();
            await Task.Delay(Failed(fault), supervisor.Time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Increment(ref restarts);
        }
        atEnd?.Invoke();
        lock (gate) Enter(WorkState.Stopped);
        supervisor.Forget(this);
    }

    /// <returns>Null when it has finished and may.</returns>
    private async Task<Exception?> RunOnceAsync()
    {
        try
        {
            await run(this, stop.Token);
            return mayEnd ? null : Ended.ToException();
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private void Enter(WorkState next)
    {
        if (state == next) return;
        (state, since) = (next, supervisor.Time.GetUtcNow());
    }
}
