using System.Diagnostics;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Cloud;

/// <summary>Starts this program again as a process of its own session, and waits until its cloud is ready or it gave up.</summary>
internal static class Detached
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // The shell ends at once, so that the cloud has no parent that waits for it; setsid keeps the terminal's signals from it.
    private const string Script = "out=\"$1\"; shift; : >\"$out\"; setsid \"$@\" </dev/null >>\"$out\" 2>&1 & echo $!";

    /// <param name="restart">Whether a watchdog starts the server again when it dies.</param>
    public static async Task<RunningCloud> StartAsync(
        Run run, IEnumerable<string> arguments, bool restart, CancellationToken cancellationToken)
    {
        var home = new HomeLayout(run.Home);
        home.Create();
        var outputFile = home.OutputFile;
        Watchdog.Stop(home); // one that waits to start its server again would be in the way
        var pid = await LaunchAsync(
            outputFile, [.. restart ? Watchdog.Command : [], Environment.ProcessPath!, "up", "--home", run.Home, .. arguments],
            cancellationToken);
        if (restart) AtomicFile.Write(home.WatchFile, $"{pid}");
        var end = run.Now + Patience;
        for (; run.Now < end; await Task.Delay(Pause, run.Terminal.Time, cancellationToken))
        {
            if (HomeLock.Peek(home) is { Ready: true } cloud && (cloud.Pid == pid || Watchdog.IsChildOf(cloud.Pid, pid))) return cloud;
            if (!Directory.Exists($"/proc/{pid}")) throw await FailedAsync(outputFile, cancellationToken);
        }
        throw new Error(ErrorKind.Timeout, "START_TIMEOUT", $"The cloud was not ready after {Patience.TotalMinutes:0} minutes.",
            $"Look at {home.LogFile}").ToException();
    }

    private static async Task<int> LaunchAsync(string outputFile, IEnumerable<string> command, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", outputFile, .. command]) { RedirectStandardOutput = true };
        start.Environment["COLUMNS"] = "0"; // its errors are read again, a line each
        using var shell = Process.Start(start)!;
        var pid = await shell.StandardOutput.ReadToEndAsync(cancellationToken);
        return int.TryParse(pid, System.Globalization.CultureInfo.InvariantCulture, out var started) ? started
            : throw new Error(ErrorKind.Unavailable, "START_FAILED", "The system could not start another process.", $"Look at {outputFile}")
                .ToException();
    }

    /// <summary>What the child said of its failure is the error; its words are shown as they are.</summary>
    private static async Task<StrataException> FailedAsync(string outputFile, CancellationToken cancellationToken)
    {
        var lines = (await File.ReadAllLinesAsync(outputFile, cancellationToken)).Where(l => l.Length > 0).ToList();
        var said = lines.FindIndex(l => l.StartsWith("Error: ", StringComparison.Ordinal));
        if (said < 0)
            return new Error(ErrorKind.Unavailable, "START_FAILED", "The cloud ended before it was ready.", $"Look at {outputFile}")
                .ToException();
        var next = lines.Find(l => l.StartsWith("  Next: ", StringComparison.Ordinal))?["  Next: ".Length..];
        var code = lines[^1].Trim().Split(' ')[0];
        return new Error(ErrorKind.Unavailable, code, lines[said]["Error: ".Length..], next).ToException();
    }
}
