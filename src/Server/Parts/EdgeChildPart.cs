using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Strata.Edge;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>
/// The edge as a process of its own (<c>strata edge --inline</c>), in a session of its own: it serves on when this server dies, and the next server adopts it. One that ends
/// by itself is started again, with a pause that grows.
/// </summary>
internal sealed partial class EdgeChildPart(ServerOptions options, TimeProvider time, ILogger<EdgeChildPart> logger) : IPart
{
    private const string Script = "setsid \"$@\" </dev/null >>\"$0\" 2>&1 & echo $!";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource stopping = new();
    private Task watching = Task.CompletedTask;
    private volatile int pid;

    public string Name => "edge";

    private string PidFile => Path.Combine(options.Home.Run, "edge.pid");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        pid = ReadPid();
        if (!IsAlive(pid)) pid = await LaunchAsync(cancellationToken);
        watching = Task.Run(() => WatchAsync(stopping.Token), CancellationToken.None);
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (keepWork) return;
        ProcessSignals.Send(pid, ProcessSignals.Terminate);
        while (IsAlive(pid)) await Task.Delay(Pause, time, cancellationToken);
        File.Delete(PidFile);
    }

    public PartHealth Health() => IsAlive(pid)
        ? new PartHealth(true, $"serves applications at {options.HttpUrl}, process {pid}, inline")
        : new PartHealth(false, $"its process has ended and is started again; see {options.Home.LogFile}");

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var pause = Pause;
        while (true)
        {
            await Task.Delay(IsAlive(pid) ? TimeSpan.FromMilliseconds(500) : pause, time, cancellationToken);
            if (IsAlive(pid)) continue;
            Ended(pid);
            pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
            pid = await LaunchAsync(cancellationToken);
        }
    }

    private async Task<int> LaunchAsync(CancellationToken cancellationToken)
    {
        string[] command = [Environment.ProcessPath!, "edge", "--inline", "--home", options.Home.Root, .. Flags()];
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, Path.Combine(options.Home.Run, "edge.out"), .. command]) { RedirectStandardOutput = true };
        using var shell = Process.Start(start)!;
        var text = await shell.StandardOutput.ReadToEndAsync(cancellationToken);
        await File.WriteAllTextAsync(PidFile, text, cancellationToken);
        return int.Parse(text, CultureInfo.InvariantCulture);
    }

    private string[] Flags() =>
    [
        Setting.Listen.Flag, options.Listen.ToString(), Setting.ApiPort.Flag, options.ApiPort.ToString(CultureInfo.InvariantCulture),
        Setting.HttpPort.Flag, options.HttpPort.ToString(CultureInfo.InvariantCulture),
    ];

    private int ReadPid() =>
        File.Exists(PidFile) && int.TryParse(File.ReadAllText(PidFile), NumberStyles.None | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var read) ? read : 0;

    /// <summary>Whether it is our edge, and not another process that got its number.</summary>
    private bool IsAlive(int process)
    {
        try
        {
            return process > 0 && File.ReadAllText($"/proc/{process}/cmdline") is { } line && line.Contains("\0edge\0--inline\0", StringComparison.Ordinal)
                && line.Contains(options.Home.Root, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The edge's process {Pid} has ended; starting another")]
    private partial void Ended(int pid);
}
