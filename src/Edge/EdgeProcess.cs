using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Strata.Edge;

/// <summary>
/// An edge as a process of its own. In inline mode sockets must be told so by the environment before the runtime starts (<see cref="InlineEnvironment"/>), and then nothing
/// in the process may block.
/// </summary>
public static class EdgeProcess
{
    /// <summary>What the environment of a process in inline mode must hold. Set by whoever starts it.</summary>
    public static readonly IReadOnlyDictionary<string, string> InlineEnvironment = new Dictionary<string, string>
    {
        ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
        ["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "2",
    };

    /// <summary>Serves until SIGTERM, SIGINT or cancellation.</summary>
    /// <param name="started">Told of the addresses once requests are taken.</param>
    /// <exception cref="InvalidOperationException">Inline mode was asked for in an environment that does not allow it.</exception>
    public static async Task RunAsync(EdgeOptions options, ILoggerFactory? loggers = null, Action<EdgeServer>? started = null, CancellationToken cancellationToken = default)
    {
        if (options.Inline) DemandInlineEnvironment();
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

    private static void DemandInlineEnvironment()
    {
        foreach (var (name, value) in InlineEnvironment)
        {
            if (Environment.GetEnvironmentVariable(name) != value)
                throw new InvalidOperationException($"The inline mode needs {name}={value} in the environment of a process of its own; start it with \"strata edge --inline\".");
        }
    }
}
