using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Strata.Edge;

/// <summary>An edge as a process of its own.</summary>
public static class EdgeProcess
{
    /// <summary>Serves until SIGTERM, SIGINT or cancellation.</summary>
    /// <param name="started">Called with the addresses once requests are accepted.</param>
    public static async Task RunAsync(EdgeOptions options, ILoggerFactory? loggers = null, Action<EdgeServer>? started = null,
        CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Stop(c, stop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => Stop(c, stop));
        await using var edge = new EdgeServer(options, loggers);
        await edge.StartAsync(stop.Token);
        started?.Invoke(edge);
        await Task.Delay(Timeout.Infinite, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
