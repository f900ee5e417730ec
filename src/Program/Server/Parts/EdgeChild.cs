using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Strata.Core;
using Strata.Edge;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>
/// The process of an edge outside the server: started in its own session, and found again by its pid file. It counts as ours only when it
/// runs the very command that we would start, so an edge of other ports or of an older program is not taken for it.
/// </summary>
internal sealed class EdgeChild(ServerOptions options, TimeProvider time)
{
    private const string Script = "setsid \"$@\" </dev/null >>\"$0\" 2>&1 & echo $!";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(2);

    /// <summary>The time that an edge may take to end, beyond the grace period of its last requests.</summary>
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(5);

    private readonly string[] command =
    [
        Environment.ProcessPath!, "edge", "--inline", "--home", options.Home.Root, Setting.Listen.Flag, options.Listen.ToString(),
        Setting.ApiPort.Flag, options.ApiPort.ToString(CultureInfo.InvariantCulture), Setting.HttpPort.Flag,
        options.HttpPort.ToString(CultureInfo.InvariantCulture), Setting.HttpsPort.Flag,
        options.HttpsPort.ToString(CultureInfo.InvariantCulture),
        .. options.HttpsPublicPort is { } port ? (string[])[Setting.HttpsPublicPort.Flag, port.ToString(CultureInfo.InvariantCulture)] : [],
        .. options.EdgeTrustedProxies is { Count: > 0 } proxies
            ? (string[])[Setting.EdgeTrustedProxies.Flag, string.Join(',', proxies)] : [],
        "--token-file", options.Home.EdgeTokenFile,
        LimitSetting.EdgeStopGrace.Flag, Seconds(options.Limits.EdgeStopGrace), .. TelemetrySetting.All.SelectMany(s => Given(options, s)),
        // it needs no bucket, and its environment has no secret key for one that the settings file names
        Setting.Blobs.Flag, Setting.Blobs.Default,
    ];

    /// <summary>What it says, its last words included.</summary>
    public string OutputFile => Path.Combine(options.Home.Run, "edge.out");

    private string PidFile => Path.Combine(options.Home.Run, "edge.pid");

    /// <summary>The process that the last server left; 0 if it left none.</summary>
    public int Left() =>
        File.Exists(PidFile) && int.TryParse(
            File.ReadAllText(PidFile), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var pid) && IsEdge(pid) ? pid : 0;

    /// <summary>Whether it is an edge of this data folder, whatever its ports and program.</summary>
    public bool IsEdge(int pid) => CommandOf(pid) is [_, "edge", "--inline", "--home", var home, ..] && home == options.Home.Root;

    /// <summary>Whether it is the edge that we would start.</summary>
    public bool IsOurs(int pid) => CommandOf(pid).AsSpan().SequenceEqual(command);

    /// <summary>Whether an edge of this data folder was started with this port for HTTPS, and so frees it when it is replaced.</summary>
    public bool HasHttpsPort(int pid, int port) => IsEdge(pid)
        && CommandOf(pid).SkipWhile(x => x != Setting.HttpsPort.Flag).ElementAtOrDefault(1) == port.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether there is such a process, under whatever name.</summary>
    public static bool Lives(int pid) => CommandOf(pid) is not ([] or [""]);

    public async Task<int> LaunchAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, OutputFile, .. command]) { RedirectStandardOutput = true };
        // The edge faces the internet: it gets no key and no token but what it sends its own telemetry with.
        ChildEnvironment.Restrict(start.Environment, "OTEL_");
        using var shell = Process.Start(start)!;
        var text = await shell.StandardOutput.ReadToEndAsync(cancellationToken);
        AtomicFile.Write(PidFile, text);
        return int.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>Ends an edge of this data folder: gracefully, or by force if it does not end.</summary>
    public async Task EndAsync(int pid, CancellationToken cancellationToken)
    {
        if (!IsEdge(pid)) return;
        var patience = EndsWithin + GraceOf(pid);
        ProcessSignals.Send(pid, ProcessSignals.Terminate);
        for (var begun = time.GetTimestamp(); IsEdge(pid) || IsExiting(pid); await Task.Delay(Pause, time, cancellationToken))
        {
            var waited = time.GetElapsedTime(begun);
            if (waited > patience && IsEdge(pid)) ProcessSignals.Send(pid, ProcessSignals.Kill);
            if (waited > patience + EndsWithin) throw ServerErrors.EdgeStillRuns(pid).ToException();
        }
        File.Delete(PidFile);
    }

    /// <summary>
    /// Whether it is between its last instruction and its end: the system has taken its command line away and may still have to close its
    /// sockets, so its port is not free yet.
    /// </summary>
    private static bool IsExiting(int pid) => !Lives(pid) && !ProcessSignals.HasEnded(pid);

    /// <summary>Whether its port takes connections.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(AnswersWithin);
        using var socket = new Socket(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(options.Listen, options.HttpPort, patience.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    /// <summary>What that very edge was started with, which may be another than this server's.</summary>
    private static TimeSpan GraceOf(int pid) =>
        CommandOf(pid).SkipWhile(x => x != LimitSetting.EdgeStopGrace.Flag).ElementAtOrDefault(1) is { } text
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        ? TimeSpan.FromSeconds(seconds) : EdgeOptions.StopGraceDefault;

    /// <summary>What the server was given is the edge's too: its environment may be another when it is started again.</summary>
    private static IEnumerable<string> Given(ServerOptions options, Setting setting) =>
        options.Settings.FirstOrDefault(s => s.Setting == setting) is { } value && value.Value != setting.Default
            ? [setting.Flag, value.Value] : [];

    private static string Seconds(TimeSpan time) => ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static string[] CommandOf(int pid)
    {
        try
        {
            return pid > 0 ? File.ReadAllText($"/proc/{pid}/cmdline").TrimEnd('\0').Split('\0') : [];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
