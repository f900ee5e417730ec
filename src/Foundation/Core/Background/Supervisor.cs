using System.Collections.Concurrent;
using System.Numerics;
using Microsoft.Extensions.Logging;

namespace Strata.Core.Background;

/// <summary>
/// The one way to run background work: restarts it with exponential back-off whatever it throws, and reports the health of each by name.
/// One per process. Safe for concurrent use.
/// </summary>
/// <remarks>A hosted service derives from <c>SupervisedService</c> in Resources; everything else calls <c>Start</c>.</remarks>
public sealed partial class Supervisor(TimeProvider time, ILogger<Supervisor> logger)
{
    internal static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(200);
    internal static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(15);

    /// <summary>A run this long counts as a success, even if the work never reports one.</summary>
    internal static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    private static readonly ExponentialBackOff Pauses = new(PauseMin, PauseMax, Spread: 0.2);

    private readonly ConcurrentDictionary<SupervisedWork, byte> works = new();

    internal TimeProvider Time => time;

    /// <param name="name">
    /// Lower case with hyphens, as shown by <c>strata status</c>. Works of the same name are reported together, so keep ids out of it.
    /// </param>
    /// <param name="run">Runs until its token is cancelled; called again after each failure, so it must be able to start from any
    /// state.</param>
    /// <param name="atEnd">
    /// Called once, when it will not run again: also where it was stopped before its first run, or between two. Work that serves a queue
    /// closes it here, because nothing reads from it any longer. Must not throw.
    /// </param>
    public SupervisedWork Start(string name, Func<SupervisedWork, CancellationToken, Task> run, Action? atEnd = null) =>
        Start(name, mayEnd: false, run, atEnd);

    /// <inheritdoc cref="Start(string, Func{SupervisedWork, CancellationToken, Task}, Action)"/>
    public SupervisedWork Start(string name, Func<CancellationToken, Task> run) => Start(name, (_, stop) => run(stop));

    /// <summary>Work that is over when it returns; restarted only when it throws.</summary>
    public SupervisedWork StartUntilDone(string name, Func<SupervisedWork, CancellationToken, Task> run) =>
        Start(name, mayEnd: true, run, null);

    /// <summary>
    /// Runs loops side by side until cancelled, each supervised for itself; returns when all have stopped. (<c>Task.WhenAll</c> would wait
    /// for the healthy ones before it shows that one has failed.)
    /// </summary>
    public async Task RunAsync(
        CancellationToken cancellationToken, params IEnumerable<(string Name, Func<SupervisedWork, CancellationToken, Task> Run)> loops)
    {
        SupervisedWork[] started = [.. loops.Select(l => Start(l.Name, l.Run))];
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(started.Select(w => w.StopAsync(CancellationToken.None)));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Stops whatever still runs, at the end of the process.</summary>
    public Task StopAllAsync() => Task.WhenAll(works.Keys.Select(w => w.StopAsync(CancellationToken.None)));

    /// <summary>Health by name, in order of the names. From memory.</summary>
    public IReadOnlyList<WorkHealth> Report() =>
        [.. works.Keys.Select(w => w.Health).GroupBy(h => h.Name).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Sum)];

    private SupervisedWork Start(string name, bool mayEnd, Func<SupervisedWork, CancellationToken, Task> run, Action? atEnd)
    {
        var work = new SupervisedWork(this, name, mayEnd, run, atEnd);
        works[work] = 0;
        work.Begin();
        return work;
    }

    internal void Forget(SupervisedWork work) => works.TryRemove(work, out _);

    /// <param name="random">0 to 1: spreads what failed together, so that it is not retried together.</param>
    internal static TimeSpan PauseAfter(int failures, double random) => Pauses.After(failures, random);

    private static WorkHealth Sum(IGrouping<string, WorkHealth> group)
    {
        var worst = group.OrderByDescending(h => h.State == WorkState.Failing).ThenByDescending(h => h.Since).First();
        var latest = group.MaxBy(h => h.LastErrorAt ?? DateTimeOffset.MinValue)!;
        return worst with
        {
            Count = group.Count(),
            Failing = group.Sum(h => h.Failing),
            Restarts = group.Sum(h => h.Restarts),
            LastError = latest.LastError,
            LastErrorAt = latest.LastErrorAt,
        };
    }

    /// <summary>The first failures in a row, then ever fewer of them: a database that is away for an hour must not fill the log.</summary>
    internal void LogFailed(string work, int failures, TimeSpan pause, Exception exception)
    {
        try
        {
            if (failures <= 2 || BitOperations.IsPow2(failures)) Failed(logger, work, failures, pause, exception);
        }
        catch (Exception)
        {
            // A log that cannot be written, as on a full disk, must not end the work that is to be restarted.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Background work {Work} failed ({Failures} in a row); next attempt in {Pause}")]
    private static partial void Failed(ILogger logger, string work, int failures, TimeSpan pause, Exception exception);
}
