using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server;
using Strata.Server.Hosting;
using Strata.Server.Options;
using Strata.Server.Status;

namespace Strata.Cli.Cloud;

/// <summary>
/// What <c>strata up</c> does where a server runs already. One that is well is left alone. One that is not gets time to repair itself, then
/// is ended, as for an upgrade: instances and the database run on and the next server adopts them. One that does not even leave is killed,
/// which loses nothing that was acknowledged.
/// </summary>
internal static class Repair
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RepairsItselfWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LeavesWithin = TimeSpan.FromSeconds(60);

    /// <returns>The cloud, where it has repaired itself; null where its server is gone and another one is to be started.</returns>
    /// <exception cref="StrataException">DATA_FOLDER_IN_USE: it runs and is well, or is just starting or stopping.</exception>
    public static async Task<RunningCloud?> TryAsync(Run run, HomeLayout home, CancellationToken cancellationToken)
    {
        var cloud = HomeLock.Find(home);
        if (cloud is not { Ready: true } || await WhyNotAsync(home, cancellationToken) is not { } why)
            throw ServerErrors.HomeInUse(home.Root, cloud).ToException();
        run.Say($"A cloud runs here (process {cloud.Pid}) but is not well: {why}");
        for (var end = run.Now + RepairsItselfWithin; run.Now < end; await Task.Delay(Pause, run.Terminal.Time, cancellationToken))
        {
            if (await WhyNotAsync(home, cancellationToken) is null) return HomeLock.Find(home);
        }
        run.Say("It does not recover by itself; replacing its server. Instances run on.");
        Watchdog.Stop(home);
        await EndAsync(run, home, cloud.Pid, cancellationToken);
        return null;
    }

    /// <returns>Null when every part works.</returns>
    private static async Task<string?> WhyNotAsync(HomeLayout home, CancellationToken cancellationToken)
    {
        if (await StrataServer.AskStatusAsync(home, AnswersWithin, cancellationToken) is not { } status)
            return "its server does not answer.";
        return status.Parts.FirstOrDefault(p => !p.Ok) is { } part ? $"{part.Name}: {part.Message}" : null;
    }

    private static async Task EndAsync(Run run, HomeLayout home, int pid, CancellationToken cancellationToken)
    {
        ProcessSignals.Send(pid, ProcessSignals.Leave);
        for (var end = run.Now + LeavesWithin; HomeLock.IsHeld(home); await Task.Delay(Pause, run.Terminal.Time, cancellationToken))
        {
            if (run.Now > end) ProcessSignals.Send(pid, ProcessSignals.Kill);
        }
    }
}
