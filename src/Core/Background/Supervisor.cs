using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Strata.Core.Background;

/// <summary>
/// The one way to run background work: restarts it with exponential back-off whatever it throws, and reports the health of each by name.
/// One per process (or per edge or agent
/// inside it). Safe for concurrent use.
/// </summary>
/// <remarks>A hosted service derives from <c>SupervisedService</c> in Resources; everything else calls <see cref="Start(string,
/// Func{SupervisedWork, CancellationToken, Task})"/>.</remarks>
public sealed partial class Supervisor(TimeProvider time, ILogger<Supervisor> logger)
{
    internal static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(200);
    internal static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    /// <summary>A run this long counts as a success, even if the work never reports one.</summary>
    internal static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    private const double Spread = 0.2;

    private readonly ConcurrentDictionary<SupervisedWork, byte> works = new();

    internal TimeProvider Time => time;

    /// <param name="name">Lower case with hyphens, as shown by <c>strata status</c>. Works of the same name are reported together, so
    /// keep ids out of it.</param>
    /// <param name="run">Runs until its token is cancelled; called again after each failure, so it must be able to start from any
    /// state.</param>
    public SupervisedWork Start(string name, Func<SupervisedWork, CancellationToken, Task> run)
    {
        var work = new SupervisedWork(this, name, run);
        works[work] = 0;
        return work;
    }

    /// <inheritdoc cref="Start(string, Func{SupervisedWork, CancellationToken, Task})"/>
    public SupervisedWork Start(string name, Func<CancellationToken, Task> run) => Start(name, (_, stop) => run(stop));

    /// <summary>Health by name, in order of the names. From memory.</summary>
    public IReadOnlyList<WorkHealth> Report() =>
        [.. works.Keys.Select(w => w.Health).GroupBy(h => h.Name).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Sum)];

    internal void Forget(SupervisedWork work) => works.TryRemove(work, out _);

    /// <param name="random">0 to 1: spreads what failed together, so that it is not retried together.</param>
    internal static TimeSpan PauseAfter(int failures, double random)
    {
        var pause = PauseMin * Math.Pow(2, Math.Clamp(failures - 1, 0, 16));
        return (pause < PauseMax ? pause : PauseMax) * (1 - Spread + 2 * Spread * random);
    }

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

    internal void LogFailed(string work, int failures, TimeSpan pause, Exception exception) =>
        Failed(logger, work, failures, pause, exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Background work {Work} failed ({Failures} in a row); restarting in {Pause}")]
    private static partial void Failed(ILogger logger, string work, int failures, TimeSpan pause, Exception exception);
}
