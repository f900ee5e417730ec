using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Server.Parts;

/// <summary>
/// Starts parts in order and stops them in the reverse. When one does not start, those before it are stopped, leaving running what outlives
/// a server. A stop that takes too long is given up on, so that the program always ends.
/// </summary>
internal sealed partial class PartList(IReadOnlyList<IPart> parts, TimeProvider time, ILogger<PartList> logger)
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(40);

    private readonly List<PartTiming> timings = [];
    private int started;

    public IReadOnlyList<IPart> Parts => parts;

    /// <summary>How long each part took to start.</summary>
    public IReadOnlyList<PartTiming> Timings => timings;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var part in parts)
        {
            try
            {
                await StartAsync(part, cancellationToken);
            }
            catch
            {
                await StopAsync(keepWork: true);
                throw;
            }
        }
    }

    /// <summary>Stops what was started; never throws.</summary>
    public async Task StopAsync(bool keepWork)
    {
        for (; started > 0; started--)
        {
            var part = parts[started - 1];
            using var timer = new CancellationTokenSource(StopPatience, time);
            try
            {
                var start = time.GetTimestamp();
                await part.StopAsync(keepWork, timer.Token).WaitAsync(StopPatience, time);
                var took = time.GetElapsedTime(start);
                Stopped(part.Name, took.TotalMilliseconds);
            }
            catch (Exception e)
            {
                StopFailed(part.Name, e);
            }
        }
    }

    private async Task StartAsync(IPart part, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        await part.StartAsync(cancellationToken);
        started++;
        var took = time.GetElapsedTime(start);
        timings.Add(new PartTiming(part.Name, took));
        Started(part.Name, took.TotalMilliseconds);
    }
}

/// <param name="Took">From the call of its start to the end of it.</param>
public sealed record PartTiming(string Part, TimeSpan Took);
