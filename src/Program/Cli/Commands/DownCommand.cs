using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata down</c>: ends the server, for a planned restart; instances, the database and an inline edge run on and are adopted by the
/// next <c>strata up</c>. <c>strata down --all</c> stops those too. The data stays in both cases.
/// </summary>
internal static class DownCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly Option<bool> All = new(
        "--all") { Description = "Stop instances, the private database and the edge too; otherwise they run on for the next strata up" };

    public static Command Create(Terminal terminal) =>
        new Command("down", "Stop the server on this machine, or the whole cloud with --all") { All }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var home = new HomeLayout(run.Home);
        var before = LocalCloud.News(home, run.Terminal.Time);
        Watchdog.Stop(home);
        var isStopped = await StopWithoutFolderAsync(run, home, cancellationToken);
        if (HomeLock.IsHeld(home))
        {
            await StopServerAsync(run, home, cancellationToken);
            // Of a server that was killed while it stopped; not of one that was started meanwhile.
            if (!LeftoverProcesses.Find(home, run.Terminal.Time).IsNothing && !HomeLock.IsHeld(home))
                await StopRemainsAsync(run, home, cancellationToken);
        }
        else if (!await StopRemainsAsync(run, home, cancellationToken) && !isStopped)
        {
            run.Say(before.Presence == CloudPresence.Restarting
                ? $"The server in {run.Home} had ended; it is not started again." : before.Sentence);
            if (before.Died) LastServer.Forget(home);
            if (!run.Parse.GetValue(All)) SayWhatRunsOn(run, home);
            return CommandRunner.Done;
        }
        if (before.Died) LastServer.Forget(home);
        run.Say(run.Parse.GetValue(All) ? AllDown(home) : "The server is down; its data stays.");
        if (!run.Parse.GetValue(All)) SayWhatRunsOn(run, home);
        return CommandRunner.Done;
    }

    internal static string AllDown(HomeLayout home) =>
        KeptSettings.Read(home)?.Any(s => s.Setting == Setting.PostgresUrl && s.Value.Length > 0) == true
        ? "The server is down with its instances and edge; the existing PostgreSQL that it uses runs on, with its data."
        : "The cloud is down with its instances, edge and database; its data stays.";

    private static void SayWhatRunsOn(Run run, HomeLayout home)
    {
        var left = LeftoverProcesses.Find(home, run.Terminal.Time);
        if (left.IsNothing) return;
        run.Say($"{left.Sentence} \"strata up\" takes over what runs; \"strata down --all\" stops it.");
        if (left is { Instances: > 0, Edge: false })
            run.Say("The edge ended with the server: applications cannot be reached until the next strata up. With --edge-mode inline the edge runs on.");
    }

    /// <summary>A server whose run folder was deleted is found by the lock that it still holds.</summary>
    /// <returns>Whether there was one.</returns>
    private static async Task<bool> StopWithoutFolderAsync(Run run, HomeLayout home, CancellationToken cancellationToken)
    {
        var left = HomeLock.FindWithoutFolder(home);
        foreach (var pid in left)
        {
            run.Say($"The folder {home.Run} was deleted while the cloud ran; stopping the server (process {pid})…");
            ProcessSignals.Send(pid, run.Parse.GetValue(All) ? ProcessSignals.Terminate : ProcessSignals.Leave);
        }
        for (var end = run.Now + Patience; left.Any(x => !ProcessSignals.HasEnded(x)); await Task.Delay(
            Pause, run.Terminal.Time, cancellationToken))
        {
            if (run.Now > end) throw TooSlow(left.First(x => !ProcessSignals.HasEnded(x)), home).ToException();
        }
        return left.Count > 0;
    }

    private static async Task StopServerAsync(Run run, HomeLayout home, CancellationToken cancellationToken)
    {
        var cloud = HomeLock.Find(home) ?? throw new Error(
            ErrorKind.Unavailable, "CLOUD_NOT_READY", $"The cloud in {home.Root} is just starting or stopping.", "Try again in a moment.")
                .ToException();
        run.Say($"Stopping the cloud (process {cloud.Pid})…");
        ProcessSignals.Send(cloud.Pid, run.Parse.GetValue(All) ? ProcessSignals.Terminate : ProcessSignals.Leave);
        for (var end = run.Now + Patience; HomeLock.IsHeld(home); await Task.Delay(Pause, run.Terminal.Time, cancellationToken))
        {
            if (run.Now > end) throw TooSlow(cloud.Pid, home).ToException();
        }
    }

    /// <summary>What an earlier server left running.</summary>
    private static async Task<bool> StopRemainsAsync(Run run, HomeLayout home, CancellationToken cancellationToken) =>
        run.Parse.GetValue(All) && Directory.Exists(home.Root)
            && await LeftoverProcesses.StopAsync(home, run.Terminal.Time, cancellationToken);

    private static Error TooSlow(int pid, HomeLayout home) => new(
        ErrorKind.Timeout, "STOP_TIMEOUT", $"The cloud (process {pid}) did not stop within {Patience.TotalSeconds:0} seconds.",
        $"Look at {home.LogFile}, or end it at once with kill -9 {pid}: nothing acknowledged is lost.");
}
