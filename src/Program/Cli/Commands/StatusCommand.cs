using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Server;
using Strata.Server.Options;
using Strata.Server.Status;

namespace Strata.Cli.Commands;

/// <summary><c>strata status</c>: addresses, version and the health of each part. 0 when all is well, 1 otherwise.</summary>
internal static class StatusCommand
{
    /// <summary>A failure that the work has recovered from is shown so long.</summary>
    private static readonly TimeSpan RecoveredShownFor = TimeSpan.FromHours(1);

    /// <param name="Died">Whether the last server ended without being asked to.</param>
    /// <param name="StillRunning">What runs on without a server, as a sentence; null: nothing.</param>
    /// <param name="SeenAt">When the last server ended or was last seen; null: none is remembered.</param>
    private sealed record Down(bool Running, bool Restarting, string Home, bool Died, DateTimeOffset? SeenAt, string Message,
        string NextStep, string Log, string? StillRunning);

    public static Command Create(Terminal terminal) => new Command("status", "Show the cloud's status").Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var home = new HomeLayout(run.Home);
        var isMeant = LocalCloud.IsMeant(run);
        if (isMeant && LocalCloud.News(home, run.Terminal.Time) is { Presence: not CloudPresence.Running } news)
        {
            var next = run.Hint(news.NextStep);
            var left = LeftoverProcesses.Find(home, run.Terminal.Time);
            var still = left.IsNothing || news.Presence == CloudPresence.Restarting ? null : left.Sentence;
            var down = new Down(false, news.Presence == CloudPresence.Restarting, run.Home, news.Died, news.Last?.SeenAt, news.Sentence,
                next, home.LogFile, still);
            if (run.WriteMachine(down)) return CommandRunner.Failed;
            await run.Terminal.Error.WriteLineAsync($"{news.Sentence} {next}");
            if (still is not null)
                await run.Terminal.Error.WriteLineAsync(run.Hint($"{still} \"strata up\" takes it over; \"strata down --all\" stops it."));
            return CommandRunner.Failed;
        }
        var status = isMeant ? await LocalStatusAsync(run, cancellationToken) : await CloudStatus.AskApiAsync(run, cancellationToken);
        if (!run.WriteMachine(status)) Write(run, status);
        return status.Ok ? CommandRunner.Done : CommandRunner.Failed;
    }

    private static async Task<ServerStatus> LocalStatusAsync(Run run, CancellationToken cancellationToken)
    {
        var (status, api) = await CloudStatus.AskAsync(run, cancellationToken);
        if (api is null) return status!;
        if (status is null) throw api.ToException();
        if (TokenAdvice.IsOfSignIn(api))
        {
            // The cloud may be well all the same.
            ErrorText.Write(run, TokenAdvice.Explain(run, api));
            return status;
        }
        run.Terminal.Error.WriteLine($"The API does not answer: {api.Message} This is what the server itself says:");
        return status with { Ok = false };
    }

    /// <summary>
    /// Only what fails, or did so a while ago: the rest is many lines that say nothing. The error of what has recovered is past, so only
    /// <c>-o json</c> shows it.
    /// </summary>
    private static void WriteBackground(Run run, IReadOnlyList<WorkHealth> works)
    {
        var failing = works.Count(w => w.Failing > 0);
        run.Terminal.Out.WriteLine();
        run.Terminal.Out.WriteLine(
            $"Background     {works.Count} kinds of work, {(failing == 0 ? "none failing" : run.Terminal.OnOut(Tone.Bad, $"{failing} failing"))}");
        var notable = works.Where(w => w.Failing > 0 || run.Now - w.LastErrorAt < RecoveredShownFor).ToList();
        if (notable.Count == 0) return;
        var table = new Table("WORK", "STATE", "SINCE", "RESTARTS", "LAST ERROR") { WrapsLast = true };
        foreach (var work in notable)
        {
            var isFailing = work.Failing > 0;
            var state = isFailing ? new Cell("failing", Tone.Bad) : new Cell("recovered", Tone.Good);
            var error = isFailing ? work.LastError ?? "" : $"{TimeText.Short(run.Now - work.LastErrorAt!.Value)} ago";
            table.Add(work.Name, state, TimeText.Short(run.Now - work.Since), $"{work.Restarts}", error);
        }
        table.Write(run.Terminal);
    }

    private static string Summary(Run run, ServerStatus status) => status switch
    {
        { Ok: false } => run.Terminal.OnOut(Tone.Bad, "not well"),
        { Warnings: [] } => run.Terminal.OnOut(Tone.Good, "all well"),
        _ => run.Terminal.OnOut(
            Tone.Waiting, $"every part works, with {status.Warnings.Count} {(status.Warnings.Count == 1 ? "warning" : "warnings")}"),
    };

    private static void WriteWarnings(Run run, IReadOnlyList<StatusWarning> warnings)
    {
        if (warnings.Count > 0) run.Terminal.Out.WriteLine();
        foreach (var warning in warnings)
        {
            run.Print($"{run.Terminal.OnOut(Tone.Waiting, "!")} {warning.What}: {warning.Message}");
            run.Print($"  → {run.Hint(warning.Fix)}");
        }
    }

    private static void WriteServers(Run run, IReadOnlyList<KnownServer> servers)
    {
        run.Terminal.Out.WriteLine();
        var table = new Table("SERVER", "STATE", "ADDRESS", "VERSION", "LAST HEARTBEAT");
        foreach (var server in servers)
        {
            var state = new Cell(
                server.State, server.State switch { ServerStates.Up => Tone.Good, ServerStates.Down => Tone.Bad, _ => Tone.Plain });
            // Those of a server that is UP are not recorded; without one for this long it is DOWN.
            var heartbeat = server.Heartbeat is { } at ? $"{TimeText.Short(run.Now - at)} ago" : server.State == ServerStates.Up
                ? "under 15s ago" : "";
            table.Add(
                server.IsSelf ? server.Name + " (this one)" : server.Name, state, server.Address ?? "", server.Version ?? "", heartbeat);
        }
        table.Write(run.Terminal);
    }

    private static void Write(Run run, ServerStatus status)
    {
        var output = run.Terminal.Out;
        output.WriteLine($"Strata {status.Version}, {Summary(run, status)}");
        output.WriteLine($"API           {status.ApiUrl.ToString().TrimEnd('/')}");
        if (status.HttpUrl is { } http) output.WriteLine(
            $"Applications  http://NAME.localhost:{http.Port}{(status.HttpsUrl is { } tls ? $", https://NAME.localhost:{tls.Port}" : "")}");
        if (status.Home is { } home) output.WriteLine($"Data          {home}");
        var process = status is { Pid: { } pid, MemoryBytes: { } memory } ? $"{pid}, {ByteCount.Short(memory)}, " : "";
        output.WriteLine($"Process       {process}up {TimeText.Short(run.Now - status.StartedAt)}, started in {status.StartSeconds:0.0} s");
        output.WriteLine();
        var table = new Table("PART", "STATE", "WHAT") { WrapsLast = true };
        foreach (var part in status.Parts)
            table.Add(part.Name, part.Ok ? new Cell("ok", Tone.Good) : new Cell("failed", Tone.Bad), part.Message);
        table.Write(run.Terminal);
        WriteWarnings(run, status.Warnings);
        if (status.Servers.Count > 1) WriteServers(run, status.Servers);
        if (status.Background.Count > 0) WriteBackground(run, status.Background);
    }
}
