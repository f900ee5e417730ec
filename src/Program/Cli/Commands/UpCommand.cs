using System.CommandLine;
using System.Runtime.InteropServices;
using Strata.Cli.Cloud;
using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary><c>strata up</c>: the whole cloud on this machine, until it is stopped.</summary>
internal static class UpCommand
{
    private static readonly ServerFlags Flags = new();
    private static readonly Option<bool> Detach = new("--detach", "-d") { Description = "Run in the background" };

    private static readonly Option<bool> NoRestart =
        new("--no-restart") { Description = "With --detach: do not restart the server when it dies" };

    private static readonly Option<bool> NewAdminToken = new("--new-admin-token") { Description = "Replace a lost administrator's token" };

    private static readonly Option<bool> ResetSettings = new("--reset-settings") { Description = "Forget the settings of earlier starts" };

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "up", "Start the cloud on this machine; it remembers its settings") { Detach, NoRestart, NewAdminToken, ResetSettings };
        foreach (var flag in Flags.All) command.Add(flag);
        return command.Does(terminal, (run, cancellationToken) => run.Parse.GetValue(Detach)
            ? RunDetachedAsync(run, cancellationToken) : RunAsync(run, cancellationToken), serves: true);
    }

    private static async Task<int> RunDetachedAsync(Run run, CancellationToken cancellationToken)
    {
        var options = Flags.ReadForStart(run, run.Parse.GetValue(ResetSettings));
        LookAtContexts(run, options.Home);
        if (HomeLock.IsHeld(options.Home) && await Repair.TryAsync(run, options.Home, cancellationToken) is { } repaired)
        {
            (await CloudSummary.LoadAsync(run, repaired, cancellationToken)).Write(run, detached: true);
            return CommandRunner.Done;
        }
        run.Say("Starting the cloud…");
        SayWhatIsKept(run, options);
        string[] switches = [.. new[] { NewAdminToken, ResetSettings }.Where(run.Parse.GetValue).Select(s => s.Name)];
        var cloud = await Detached.StartAsync(
            run, [.. Flags.ToArguments(run), .. switches], !run.Parse.GetValue(NoRestart), cancellationToken);
        (await CloudSummary.LoadAsync(run, cloud, cancellationToken)).Write(run, detached: true);
        return CommandRunner.Done;
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var options = Flags.ReadForStart(run, run.Parse.GetValue(ResetSettings));
        if (!HomeLock.IsHeld(options.Home) && run.Terminal.ErrorIsTerminal) SayWhatIsKept(run, options);
        LookAtContexts(run, options.Home);
        options = options with { NewAdminToken = run.Parse.GetValue(NewAdminToken) && !Watchdog.IsRestart };
        if (Watchdog.IsRestart && HomeLock.IsHeld(options.Home)) return CommandRunner.TakenByAnother;
        using var stop = new StopSignals(cancellationToken);
        await using var server = await StartAsync(run, options, stop.Token);
        if (server is null) return CommandRunner.Done;
        try
        {
            await WelcomeAsync(run, server, stop.Token);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, server.Failed);
            await Task.Delay(Timeout.InfiniteTimeSpan, run.Terminal.Time, end.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested || server.Failed.IsCancellationRequested)
        {
        }
        if (!stop.Token.IsCancellationRequested)
        {
            await run.Terminal.Error.WriteLineAsync(
                $"Error: The server stopped without being asked to; instances and the database run on. Look at {options.Home.LogFile}");
            await server.StopAsync(keepWork: true);
            return CommandRunner.StoppedUnasked;
        }
        run.Say(stop.KeepWork ? "Stopping; instances and the database run on…" : "Stopping…");
        await server.StopAsync(stop.KeepWork);
        return CommandRunner.Done;
    }

    /// <returns>Null: it was stopped before it was up, which makes its parts fail in many ways.</returns>
    private static async Task<StrataServer?> StartAsync(Run run, ServerOptions options, CancellationToken stop)
    {
        CoreDumps.Forbid();
        try
        {
            return await StrataServer.StartAsync(
                options, KnownToken(run, options.Home), run.Terminal.Error, run.Terminal.Time, stop);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            run.Say("Stopped before it was up.");
            return null;
        }
    }

    /// <summary>What this command proposes means this cloud. A damaged file keeps no cloud from starting.</summary>
    private static void LookAtContexts(Run run, HomeLayout home)
    {
        if (!HomeLock.IsHeld(home) && IsOfACloud(home))
        {
            home.CreateRoot(); // the folder of someone else is refused before anything in it is moved
            try
            {
                if (Contexts.PutDamagedAside(run.Home, run.Now) is { } aside)
                    run.Say($"Note: {Contexts.FileName} was no valid context file, so you are signed in nowhere. It is kept as {aside}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                run.Say($"Note: {Contexts.FileName} can be neither read nor moved, so you are signed in nowhere.");
            }
        }
        if (Contexts.TryRead(run.Home) is { Current: { } current } all && !all.IsLocal(current)) run.HintContext = CliContext.LocalName;
    }

    /// <summary>The sign-ins of a command line keep no cloud from starting; a first start, which makes one, needs their file.</summary>
    private static string? KnownToken(Run run, HomeLayout home) =>
        (IsOfACloud(home) ? Contexts.TryRead(run.Home) : Contexts.Read(run.Home))?.Local?.Token;

    private static bool IsOfACloud(HomeLayout home) => File.Exists(home.KeyFile);

    private static void SayWhatIsKept(Run run, ServerOptions options)
    {
        if (KeptSettings.FlagsOfLastStart(options.Settings) is { Length: > 0 } flags)
            run.Say(run.Hint($"As at the last start: {flags} (\"strata up --reset-settings\" forgets that)"));
    }

    /// <summary>
    /// Keeps the cloud's context. Without a token too, as on a second server of a cloud: commands then find the server, and ask for the
    /// token alone.
    /// </summary>
    private static async Task<CliContext> KeepContextAsync(Run run, StrataServer server, CancellationToken cancellationToken)
    {
        try
        {
            // A restart leaves the choice of another cloud as it is.
            var kept = await Contexts.ChangeAsync(run.Home, run.Terminal.Time, now => now.With(
                Own(now), current: server.IsNew || now.Current is null || now.Current.Name == CliContext.LocalName), cancellationToken);
            return kept.Local!;
        }
        catch (Exception e) when (server.AdminToken is null && (e is IOException or UnauthorizedAccessException or StrataException))
        {
            run.Say($"Note: {Contexts.FileName} was not written; the cloud is up all the same. {e.Message}");
            return Own(Contexts.TryRead(run.Home));
        }

        CliContext Own(Contexts? now)
        {
            var address = server.Options.ApiUrl.ToString().TrimEnd('/');
            var local = (now?.Local ?? new CliContext { Server = address }) with { Server = address };
            return server.AdminToken is { } token ? local with { Token = token, Source = TokenSource.File } : local;
        }
    }

    private static async Task WelcomeAsync(Run run, StrataServer server, CancellationToken cancellationToken)
    {
        run.SignIn(await KeepContextAsync(run, server, cancellationToken)); // this cloud is meant, whatever STRATA_URL and STRATA_TOKEN say
        if (server.AdminToken is not null) await server.ConfirmAdminTokenAsync(cancellationToken);
        if (server.IsNew) await Welcoming.DeployAsync(run, cancellationToken);
        var cloud = server.PublishReady();
        var summary = await CloudSummary.LoadAsync(run, cloud, cancellationToken);
        (summary with { NotIsolated = server.NotIsolated }).Write(run, detached: false);
    }
}

/// <summary>
/// Signals that end a cloud. SIGINT, SIGTERM and SIGHUP stop all of it, as <c>strata down --all</c> does; SIGUSR1 ends the server only, as
/// <c>strata down</c> does: instances and the database run on and the next server adopts them.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly PosixSignalRegistration leave;
    private readonly PosixSignalRegistration hangUp;

    public StopSignals(CancellationToken cancellationToken)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        leave = PosixSignalRegistration.Create((PosixSignal)ProcessSignals.Leave, signal => Stop(signal, keepWork: true));
        hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Stop(signal, keepWork: false));
    }

    public CancellationToken Token => stop.Token;

    public bool KeepWork { get; private set; }

    public void Dispose()
    {
        leave.Dispose();
        hangUp.Dispose();
        stop.Dispose();
    }

    private void Stop(PosixSignalContext signal, bool keepWork)
    {
        signal.Cancel = true;
        KeepWork = keepWork;
        stop.Cancel();
    }
}
