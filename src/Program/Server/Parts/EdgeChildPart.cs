using Microsoft.Extensions.Logging;
using Strata.Core.Background;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>
/// The edge as a process of its own (<c>strata edge --inline</c>): it keeps serving when this server dies, and the next server adopts it.
/// One that ends by itself is started again, with a pause that grows; one of other ports, or of an older program, is replaced.
/// </summary>
internal sealed partial class EdgeChildPart(
    ServerOptions options, Supervisor supervisor, TimeProvider time, ILogger<EdgeChildPart> logger) : IPart
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a start waits for the edge to serve. After it the start continues without the edge, and the part's health says so.
    /// </summary>
    private static readonly TimeSpan ServesWithin = TimeSpan.FromSeconds(10);

    /// <summary>A life this long makes up for earlier ends.</summary>
    private static readonly TimeSpan LongLife = TimeSpan.FromMinutes(1);

    private readonly EdgeChild child = new(options, time);
    private SupervisedWork? watch;
    private volatile int pid;
    private volatile bool serves;

    public string Name => "edge";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        pid = child.Left();
        if (pid == 0 || !child.IsOurs(pid))
        {
            await child.EndAsync(pid, cancellationToken);
            if (PortCheck.CheckEdge(options) is { } fault)
                throw fault.ToException();
            pid = await child.LaunchAsync(cancellationToken);
        }
        for (var begun = time.GetTimestamp(); !serves && EdgeChild.Lives(pid) && time.GetElapsedTime(begun) < ServesWithin;)
        {
            serves = await child.AnswersAsync(cancellationToken);
            if (!serves) await Task.Delay(Pause, time, cancellationToken);
        }
        watch = supervisor.Start("edge-process", WatchAsync);
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (watch is not null) await watch.StopAsync(cancellationToken);
        if (keepWork) return;
        await child.EndAsync(pid, cancellationToken);
    }

    public PartHealth Health() => serves
        ? new PartHealth(true, $"serves applications at {options.EdgeUrls}, process {pid}, inline")
        : new PartHealth(false, $"its process is not serving, or has ended and is being restarted; see {child.OutputFile} for the reason");

    private async Task WatchAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        var (pause, begun) = (Pause, time.GetTimestamp());
        while (true)
        {
            await Task.Delay(LookEvery, time, cancellationToken);
            if (child.IsOurs(pid))
            {
                serves = await child.AnswersAsync(cancellationToken);
                if (serves) work.Succeeded();
                continue;
            }
            serves = false;
            LogEnded(pid);
            pause = time.GetElapsedTime(begun) > LongLife ? Pause : pause * 2 < PauseMax ? pause * 2 : PauseMax;
            await Task.Delay(pause, time, cancellationToken);
            (pid, begun) = (await child.LaunchAsync(cancellationToken), time.GetTimestamp());
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The edge's process {Pid} has ended; starting another")]
    private partial void LogEnded(int pid);
}
