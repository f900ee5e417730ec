using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary><c>strata down</c>: stops the cloud with its instances and its database. The next <c>strata up</c> brings all of it back.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly Option<bool> KeepInstances = new("--keep-instances") { Description = "End the server only; instances and the database run on for the next one" };

    public static Command Create(Terminal terminal) => new Command("down", "Stop the cloud on this machine") { KeepInstances }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var home = new HomeLayout(run.Home);
        Watchdog.Stop(home);
        if (HomeLock.IsHeld(home)) await StopServerAsync(run, home, cancellationToken);
        else if (!await StopRemainsAsync(run, home, cancellationToken))
        {
            run.Say($"No cloud runs in {run.Home}.");
            return CommandRunner.Done;
        }
        run.Say("The cloud is down; its data stays.");
        return CommandRunner.Done;
    }

    private static async Task StopServerAsync(Run run, HomeLayout home, CancellationToken cancellationToken)
    {
        var cloud = HomeLock.Find(home) ?? throw new Error(
            ErrorKind.Unavailable, "CLOUD_NOT_READY", $"The cloud in {home.Root} is just starting or stopping.", "Try again in a moment.").ToException();
        run.Say($"Stopping the cloud (process {cloud.Pid})…");
        ProcessSignals.Send(cloud.Pid, run.Parse.GetValue(KeepInstances) ? ProcessSignals.Leave : ProcessSignals.Terminate);
        for (var end = run.Now + Patience; HomeLock.IsHeld(home); await Task.Delay(Pause, run.Terminal.Time, cancellationToken))
        {
            if (run.Now > end) throw TooSlow(cloud, home).ToException();
        }
    }

    /// <summary>What a server that was killed left running.</summary>
    private static async Task<bool> StopRemainsAsync(Run run, HomeLayout home, CancellationToken cancellationToken) =>
        !run.Parse.GetValue(KeepInstances) && Directory.Exists(home.Root) && await Remains.StopAsync(home, run.Terminal.Time, cancellationToken);

    private static Error TooSlow(RunningCloud cloud, HomeLayout home) => new(
        ErrorKind.Timeout, "STOP_TIMEOUT", $"The cloud (process {cloud.Pid}) did not stop within {Patience.TotalSeconds:0} seconds.",
        $"Look at {home.LogFile}, or end it at once with kill -9 {cloud.Pid}: nothing acknowledged is lost.");
}
