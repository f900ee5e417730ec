using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Server.Hosting;
using Strata.Server.Logging;
using Strata.Server.Options;
using Strata.Server.Parts;
using Strata.Server.Status;
using Strata.Telemetry;

namespace Strata.Server;

/// <summary>
/// A cloud on this machine: database, engine, API, controllers, agent and edge as parts of one process. One per data folder. Start once,
/// stop once; other members are safe for concurrent use.
/// </summary>
public sealed partial class StrataServer : IAsyncDisposable
{
    private const string LastRunFix =
        "Nothing acknowledged is lost. If it happens again, look into its log. The next start in order ends this note";

    private static readonly TimeSpan SignOfLifePeriod = TimeSpan.FromSeconds(10);

    private readonly HomeLock home;
    private readonly ILoggerFactory loggers;
    private readonly StrataTelemetry telemetry;
    private readonly TimeProvider time;
    private readonly Composition composition;
    private readonly PartList parts;
    private readonly DateTimeOffset startedAt;
    private TimeSpan startTook;

    /// <summary>What the start found: how the previous server ended, what it has to do without.</summary>
    private IReadOnlyList<StatusWarning> ofStart = [];

    private StrataServer(ServerOptions options, HomeLock home, ILoggerFactory loggers, StrataTelemetry telemetry, TimeProvider time)
    {
        (Options, this.home, this.loggers, this.telemetry, this.time) = (options, home, loggers, telemetry, time);
        startedAt = ProcessStart(time);
        composition = new Composition(options, loggers, telemetry, time, Status);
        parts = new PartList(composition.Parts, time, loggers.CreateLogger<PartList>());
    }

    public ServerOptions Options { get; }

    /// <summary>Whether this start made the cloud.</summary>
    public bool IsNew => composition.IsNew;

    /// <summary>The administrator's token where this start has made it; null otherwise.</summary>
    public string? AdminToken => composition.AdminToken;

    /// <summary>What instances on this machine are not isolated from, as sentences.</summary>
    public IReadOnlyList<string> NotIsolated => composition.NotIsolated;

    /// <param name="console">Where errors are printed besides the log; null: nowhere.</param>
    /// <param name="knownToken">The administrator's token as the caller has it; null: none.</param>
    /// <exception cref="Core.StrataException">DATA_FOLDER_IN_USE, PORT_IN_USE, POSTGRES_…: each says how to fix it.</exception>
    public static async Task<StrataServer> StartAsync(
        ServerOptions options, string? knownToken, TextWriter? console, TimeProvider time, CancellationToken cancellationToken)
    {
        var last = LastServer.Find(options.Home);
        var home = HomeLock.Take(options.Home);
        StrataServer? server = null;
        try
        {
            var warnings = new List<StatusWarning>();
            options = WithoutTakenDefault(options, warnings);
            CheckPorts(options);
            var loggers = ServerLogs.CreateFactory(options.Home.LogFile, console, options.Telemetry.LogFormat, time);
            server = new StrataServer(
                options, home, loggers, await ProcessTelemetry.StartServerAsync(options, loggers, cancellationToken), time);
            if (last is { End: not LastEnd.Asked })
                warnings.Add(new StatusWarning(
                    "last run", last.Sentence(options.Home, $"before the start at {server.startedAt:u}"), LastRunFix));
            server.ofStart = warnings;
            server.Publish(ready: false);
            server.composition.KnownToken = knownToken;
            server.composition.NewAdminToken = options.NewAdminToken;
            server.composition.Supervisor.Start("local-status", new LocalStatus(options.Home, server.Status).RunAsync);
            server.composition.Supervisor.Start("server-alive", server.ShowLifeAsync);
            await server.parts.StartAsync(cancellationToken);
            return server;
        }
        catch
        {
            if (server is null) home.Dispose();
            else await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Cancelled when the server stops without being asked to: the process has to end, with a failure, so that it is restarted.
    /// </summary>
    public CancellationToken Failed => composition.Failed;

    /// <summary>All of the process's background work.</summary>
    internal Supervisor Supervisor => composition.Supervisor;

    /// <summary>Stops the host of the API as an exception in one of its own services would.</summary>
    internal void StopHostUnasked() => composition.StopHostUnasked();

    /// <summary>Call when <see cref="AdminToken"/> is in its file: from now on no start creates another.</summary>
    public Task ConfirmAdminTokenAsync(CancellationToken cancellationToken) => composition.ConfirmAdminTokenAsync(cancellationToken);

    /// <summary>Publishes that the cloud can be used.</summary>
    public RunningCloud PublishReady()
    {
        startTook = time.GetUtcNow() - startedAt;
        KeptSettings.Save(Options.Home, Options.Settings); // only now: what kept a start from succeeding must not be used by the next one
        StartMemory.ReturnOnce(composition.Supervisor, time);
        return Publish(ready: true);
    }

    /// <param name="keepWork">True: instances and the database run on for the next server.</param>
    public Task StopAsync(bool keepWork) => parts.StopAsync(keepWork);

    /// <summary>The status of the server in a data folder, without its API and database; null when it does not answer in time.</summary>
    public static Task<ServerStatus?> AskStatusAsync(HomeLayout home, TimeSpan patience, CancellationToken cancellationToken) =>
        LocalStatus.AskAsync(home, patience, cancellationToken);

    public ServerStatus Status()
    {
        var health = parts.Parts.Select(
            p => (p.Name, Health: HealthOf(p), Took: parts.Timings.FirstOrDefault(t => t.Part == p.Name)?.Took ?? TimeSpan.Zero)).ToList();
        var work = composition.Supervisor.Report();
        return new ServerStatus
        {
            Version = ProgramVersion.Text,
            StartedAt = startedAt,
            StartSeconds = startTook.TotalSeconds,
            ApiUrl = Options.PublicUrl,
            HttpUrl = EdgeUrl,
            HttpsUrl = Options.EdgeMode == EdgeMode.Off ? null : Options.PublicHttpsUrl,
            Home = Options.Home.Root,
            Pid = Environment.ProcessId,
            MemoryBytes = Environment.WorkingSet,
            Ok = health.TrueForAll(p => p.Health.Ok) && work.All(w => w.Failing == 0),
            Background = work,
            Servers = composition.Servers,
            Warnings = [.. ofStart, .. composition.Warnings],
            Parts = [.. health.Select(p => new PartStatus(p.Name, p.Health.Ok, p.Health.Message, Math.Round(p.Took.TotalMilliseconds)))],
        };
    }

    /// <summary>Null: this server has no edge.</summary>
    private Uri? EdgeUrl => Options.EdgeMode == EdgeMode.Off ? null : Options.HttpUrl;

    /// <summary>The status answers whatever a part runs into, such as a folder that is gone.</summary>
    private static PartHealth HealthOf(IPart part)
    {
        try
        {
            return part.Health();
        }
        catch (Exception e)
        {
            return new PartHealth(false, $"unknown: {FailureText.Of(e)}");
        }
    }

    /// <summary>Stops what still runs, except what outlives a server, and releases the data folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await parts.StopAsync(keepWork: true);
        await composition.Supervisor.StopAllAsync();
        var asked = !Failed.IsCancellationRequested;
        if (home.PublishEnd(new ServerEnd(time.GetUtcNow(), asked)) is { } fault)
            LogEndNotKept(loggers.CreateLogger<StrataServer>(), fault);
        home.Dispose();
        await telemetry.DisposeAsync();
        loggers.Dispose();
    }

    private RunningCloud Publish(bool ready)
    {
        var cloud = new RunningCloud(Environment.ProcessId, ProgramVersion.Text, Options.PublicUrl, EdgeUrl, startedAt, ready);
        home.Publish(cloud);
        return cloud;
    }

    /// <summary>So that a server that is killed leaves behind when that was.</summary>
    private async Task ShowLifeAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(SignOfLifePeriod, time, cancellationToken);
            home.Touch(time.GetUtcNow());
            work.Succeeded();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "How this server ended could not be written to its data folder")]
    private static partial void LogEndNotKept(ILogger logger, Exception exception);

    /// <summary>
    /// A port for HTTPS that was not asked for keeps no cloud from starting, such as one of before there was HTTPS: it is served without.
    /// </summary>
    private static ServerOptions WithoutTakenDefault(ServerOptions options, List<StatusWarning> warnings)
    {
        var isDefault = options.Settings.Any(s => s.Setting == Setting.HttpsPort && s.Source == SettingValue.DefaultSource);
        if (!isDefault || options.EdgeMode == EdgeMode.Off || PortCheck.Check(options, Setting.HttpsPort) is not { } fault) return options;
        var edge = new EdgeChild(options, TimeProvider.System);
        if (edge.HasHttpsPort(edge.Left(), options.HttpsPort)) return options;
        warnings.Add(new StatusWarning(
            "https", $"Applications are not served over HTTPS: {fault.Message}", $"Choose another port: strata up {Setting.HttpsPort.Flag} PORT"));
        return options with { HttpsPort = 0 };
    }

    private static void CheckPorts(ServerOptions options)
    {
        var fault = PortCheck.Check(options, Setting.ApiPort) ?? PortCheck.Check(options, TelemetrySetting.MetricsListen);
        // An edge of its own process may have outlived the last server: it is adopted, or frees its port for the next.
        if (fault is null && options.EdgeMode != EdgeMode.Off && new EdgeChild(options, TimeProvider.System).Left() == 0)
            fault = PortCheck.Check(options, Setting.HttpPort) ?? PortCheck.Check(options, Setting.HttpsPort);
        if (fault is not null) throw fault.ToException();
    }

    private static DateTimeOffset ProcessStart(TimeProvider time)
    {
        using var self = Process.GetCurrentProcess();
        var start = new DateTimeOffset(self.StartTime.ToUniversalTime());
        return start < time.GetUtcNow() ? start : time.GetUtcNow();
    }
}
