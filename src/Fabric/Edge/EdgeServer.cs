using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Client;
using Strata.Core.Background;
using Strata.Edge.Forwarding;
using Strata.Edge.Listening;
using Strata.Edge.Metrics;
using Strata.Edge.Routing;
using Strata.Edge.Sites;
using Strata.Edge.Tls;
using Strata.Edge.Transport;
using Strata.Edge.Upstreams;
using Strata.Edge.Visits;

namespace Strata.Edge;

/// <summary>
/// One gateway: it listens for users' requests and leads them to instances or files as its table says. With an API address it follows the
/// control plane and keeps the last good table on disk, from which it serves at once after a restart; without one the table is what
/// <see cref="Apply"/> is given.
/// <para>Start once, dispose once. All members are safe for concurrent use after the start.</para>
/// </summary>
public sealed partial class EdgeServer : IAsyncDisposable
{
    private readonly EdgeOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Supervisor supervisor;
    private readonly CoarseClock clock;
    private readonly EventLoops? loops;
    private readonly EdgeMetrics metrics;
    private readonly WorkMetrics? workMetrics;
    private readonly TableBuilder tables;
    private readonly EdgeApplication application;
    private readonly SiteServer sites;
    private readonly GrpcForwarder grpc;
    private readonly RequestHold hold;
    private readonly VisitBook visits;
    private readonly CertificateStore? certificates;
    private TlsConnections? tls;
    private readonly StrataClient? api;
    private readonly TableFile? file;
    private readonly TableKeeper? keeper;
    private readonly KestrelServer requests;
    private readonly KestrelServer? admin;
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task background = Task.CompletedTask;
    private SupervisedWork? keeping;
    private volatile bool isStopping;
    private ITimer? sweeper;

    /// <param name="supervisor">Of the process it runs in; null: it has one of its own.</param>
    public EdgeServer(EdgeOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null, Supervisor? supervisor = null)
    {
        this.options = options;
        this.time = time ?? TimeProvider.System;
        loggers ??= NullLoggerFactory.Instance;
        logger = loggers.CreateLogger<EdgeServer>();
        this.supervisor = supervisor ?? new Supervisor(this.time, loggers.CreateLogger<Supervisor>());
        workMetrics = supervisor is null ? new WorkMetrics(this.supervisor) : null;
        clock = new CoarseClock(this.time);
        loops = options.Inline ? new EventLoops(loggers.CreateLogger<EventLoops>()) : null;
        tables = new TableBuilder(options.Upstream, clock, (IDialer?)loops ?? new SocketDialer(), options.Https.Count > 0);
        api = options.ApiUrl is { } url
            ? new StrataClient(
                url, options.ApiToken, new ClientOptions { UserAgent = "strata-edge", Time = this.time, TokenFile = options.ApiTokenFile })
            : null;
        file = options.DataFolder is { } folder ? new TableFile(Path.Combine(folder, "table.json"), logger) : null;
        keeper = file is null ? null : new TableKeeper(file, this.time, logger);
        sites = new SiteServer(options, api, loggers.CreateLogger<SiteServer>(), this.time);
        hold = new RequestHold(() => application!.Table, options.Limits, this.time);
        grpc = new GrpcForwarder(options, hold, loggers.CreateLogger<GrpcForwarder>());
        metrics = new EdgeMetrics(() => application!.Table, () => tables.Instances, () => hold.Held);
        var forwarder = new Forwarder(options, hold, loggers.CreateLogger<Forwarder>());
        visits = new VisitBook(api, this.time, loggers.CreateLogger<VisitBook>());
        var gate = new VisitGate(visits, options, this.time);
        application = new EdgeApplication(options, forwarder, grpc, sites, hold, gate, metrics, logger);
        if (options.Https.Count > 0)
        {
            var place = options.DataFolder ?? throw new ArgumentException("HTTPS needs a data folder.", nameof(options));
            certificates = new CertificateStore(place, options.Tls, api, loggers.CreateLogger<CertificateStore>(), this.time);
        }
        requests = EdgeListener.ForRequests(options, loggers, loops, http2 => tls = new TlsConnections(
            certificates!, () => application.Table, options.Tls, http2, metrics, this.time, loggers.CreateLogger<TlsConnections>()));
        admin = options.Admin is { } endPoint ? EdgeListener.ForAdmin(endPoint, loggers) : null;
    }

    /// <summary>Where requests are taken, with the real ports; empty before the start.</summary>
    public IReadOnlyList<IPEndPoint> HttpEndPoints { get; private set; } = [];

    /// <summary>As <see cref="HttpEndPoints"/>, over TLS.</summary>
    public IReadOnlyList<IPEndPoint> HttpsEndPoints { get; private set; } = [];

    /// <summary>Where the edge serves its health endpoints; null: nowhere.</summary>
    public IPEndPoint? AdminEndPoint { get; private set; }

    /// <summary>Done when the edge has a table: from disk, from the control plane or applied.</summary>
    public Task Ready => ready.Task;

    /// <summary>Its instruments.</summary>
    internal EdgeMetrics Metrics => metrics;

    /// <summary>Serves with this table from now on. Requests in flight finish with the old one.</summary>
    public void Apply(TableSnapshot snapshot)
    {
        application.Table = tables.Build(snapshot);
        // Quick where they are the same list as before. Of a server that knows none they will be wanted again.
        if (snapshot.KnowsCertificates) certificates?.Prepare(snapshot.Certificates);
        tls?.TableChanged();
        sites.Prepare(snapshot);
        ready.TrySetResult();
    }

    /// <exception cref="IOException">A port is in use.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (options.DataFolder is { } folder) Directory.CreateDirectory(folder);
        if (file is not null && await file.ReadAsync(cancellationToken) is { } last)
        {
            Apply(last);
            LogServesLast(logger, last.Routes.Count);
        }
        sweeper = time.CreateTimer(_ => Sweep(), null, CoarseClock.Period, CoarseClock.Period);
        await requests.StartAsync(application, cancellationToken);
        var bound = EdgeListener.BoundTo(requests);
        (HttpEndPoints, HttpsEndPoints) = ([.. bound.Take(options.Http.Count)], [.. bound.Skip(options.Http.Count)]);
        if (HttpsEndPoints.Count > 0) application.Https = new HttpsRedirect(options.HttpsPublicPort ?? HttpsEndPoints[0].Port);
        if (admin is not null)
        {
            await admin.StartAsync(new AdminApplication(() => ready.Task.IsCompleted), cancellationToken);
            AdminEndPoint = EdgeListener.BoundTo(admin)[0];
        }
        if (api is null) return;
        background = new TableFollower(api, options, ApplyAndKeep, time, logger).RunAsync(supervisor, stopping.Token);
        keeping = keeper is null ? null : supervisor.Start("edge-table-file", keeper.RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        isStopping = true;
        await stopping.CancelAsync();
        tables.EndStreams();
        hold.Stop();
        using var grace = new CancellationTokenSource(options.StopGrace, time);
        await requests.StopAsync(grace.Token);
        if (admin is not null) await admin.StopAsync(grace.Token);
        if (sweeper is not null) await sweeper.DisposeAsync();
        await background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (keeping is not null) await keeping.DisposeAsync();
        if (keeper is not null) await keeper.FlushAsync();
        await sites.DisposeAsync();
        if (certificates is not null) await certificates.DisposeAsync();
        tables.Dispose();
        visits.Dispose();
        grpc.Dispose();
        requests.Dispose();
        loops?.Dispose();
        admin?.Dispose();
        api?.Dispose();
        stopping.Dispose();
        metrics.Dispose();
        workMetrics?.Dispose();
    }

    private void ApplyAndKeep(TableSnapshot snapshot)
    {
        Apply(snapshot);
        keeper?.Keep(snapshot);
    }

    private void Sweep()
    {
        try
        {
            clock.Renew();
            tables.Sweep();
            if (isStopping) tables.EndStreams();
        }
        catch (Exception e)
        {
            LogSweepFailed(logger, e); // out of a timer it would end the process
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Checking deadlines failed; it is retried in a moment")]
    private static partial void LogSweepFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Serving {Routes} routes of the last good table until the control plane sends a newer one")]
    private static partial void LogServesLast(ILogger logger, int routes);
}
