using System.Diagnostics;
using Strata.Cli.Shell;
using Strata.Server.Hosting;

namespace Strata.Cli.Developing;

/// <summary>Keeps one process of a folder running: again when files change, and, when it ends by itself, at the next change.</summary>
internal sealed class MemberRunner(Run run, string folder, string command, (string Name, string Value)[] environment)
{
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var changes = new SourceChanges(folder, run.Terminal.Time);
        run.Say($"{run.Terminal.OnError(Tone.Good, "running")}  {command}  in {folder}. Ctrl+C ends it.");
        while (!cancellationToken.IsCancellationRequested)
        {
            using var process = Start();
            var ended = process.WaitForExitAsync(CancellationToken.None);
            var changed = changes.NextAsync(cancellationToken);
            if (await Task.WhenAny(ended, changed) == ended && !cancellationToken.IsCancellationRequested)
                run.Say($"{run.Terminal.OnError(Tone.Bad, "ended")}  The member ended with exit code {process.ExitCode}. It is started again when a file changes.");
            var file = await changed;
            await EndAsync(process, ended);
            if (file is not null) run.Say($"{run.Terminal.OnError(Tone.Waiting, "changed")}  {file}: started again.");
        }
    }

    /// <summary>By a shell of its own session, so that all of it can be ended at once.</summary>
    private Process Start()
    {
        var start = new ProcessStartInfo("setsid", ["--wait", "/bin/sh", "-c", command]) { WorkingDirectory = folder };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Kindly, so that it can finish the calls that it has; then at once.</summary>
    private async Task EndAsync(Process process, Task ended)
    {
        if (process.HasExited) return;
        foreach (var pid in GroupOf(process.Id)) ProcessSignals.Send(pid, ProcessSignals.Terminate);
        if (await Task.WhenAny(ended, Task.Delay(EndsWithin, run.Terminal.Time)) != ended) process.Kill(entireProcessTree: true);
        await ended;
    }

    /// <summary>All processes below one, the deepest first.</summary>
    private static IEnumerable<int> GroupOf(int parent)
    {
        var children = $"/proc/{parent}/task/{parent}/children";
        var below = File.Exists(children) ? File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse) : [];
        return [.. below.SelectMany(GroupOf), parent];
    }
}
