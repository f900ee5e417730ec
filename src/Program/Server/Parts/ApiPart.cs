using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Api.Shares;
using Strata.Rpc.Listening;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>The HTTP API on a Kestrel of its own.</summary>
/// <param name="addServices">Registers what the endpoints need.</param>
/// <param name="map">Sets up the pipeline and maps the endpoints.</param>
internal sealed class ApiPart(
    ServerOptions options, ILoggerFactory loggers, Action<IServiceCollection> addServices, Action<WebApplication> map) : IPart
{
    private const int RequestHeadBytesMax = 32 * 1024;
    private const int RequestHeadersMax = 100;

    /// <summary>Endpoints that take more, such as blobs, say so themselves.</summary>
    private const long RequestBodyBytesMax = 10 << 20;

    private static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource failed = new();
    private WebApplication? app;
    private bool stopsAsAsked;

    public string Name => "api";

    /// <summary>
    /// Cancelled when the host stops without being asked to: whatever the cause, watches, feeds and RPC have ended permanently.
    /// </summary>
    public CancellationToken Failed => failed.Token;

    /// <summary>Set once it has started.</summary>
    public IServiceProvider Services => app!.Services;

    /// <summary>
    /// Builds the services without listening yet, so that what must be there before the first request can be made with them.
    /// </summary>
    public void Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = "strata" });
        // What arrives is worked on by the thread that received it, and answers are sent by the thread that wrote them: no handler blocks,
        // and each change of threads costs as much as reading the request does.
        builder.WebHost.UseKestrelCore().UseSockets(o => o.UnsafePreferInlineScheduling = true).ConfigureKestrel(Limit);
        builder.Services.AddSingleton<IConnectionListenerFactory, HandOverTransport>();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        builder.Services.Configure<HostOptions>(o =>
        {
            o.ShutdownTimeout = StopGrace;
            o.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore; // ours are supervised
        });
        builder.Services.AddSingleton<IHostLifetime, SignalsLeftToTheProgram>();
        addServices(builder.Services);
        app = builder.Build();
        map(app);
        app.Lifetime.ApplicationStopping.Register(() =>
        {
            if (!Volatile.Read(ref stopsAsAsked)) failed.Cancel();
        });
    }

    public Task StartAsync(CancellationToken cancellationToken) => app!.StartAsync(cancellationToken);

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        Volatile.Write(ref stopsAsAsked, true);
        await app!.StopAsync(cancellationToken);
        await app.DisposeAsync();
    }

    public PartHealth Health() => app?.Lifetime switch
    {
        null => new PartHealth(false, "has not started"),
        { ApplicationStopping.IsCancellationRequested: true } => new PartHealth(false, "is stopping: watches, feeds and RPC have ended"),
        { ApplicationStarted.IsCancellationRequested: false } => new PartHealth(false, "is starting"),
        _ => new PartHealth(true, $"answers at {options.ApiUrl}"),
    };

    private void Limit(KestrelServerOptions kestrel)
    {
        var priorKnowledge = new PriorKnowledge(KeepAliveTimeout); // gRPC comes over HTTP/2 to the same port
        kestrel.Listen(options.Listen, options.ApiPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(kestrel.ApplicationServices.GetRequiredService<AddressConnections>().Use);
            listen.Use(priorKnowledge.Use);
        });
        kestrel.Listen(priorKnowledge.Http2, listen => listen.Protocols = HttpProtocols.Http2);
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.Limits.Api.ConnectionsMax;
        kestrel.Limits.MaxRequestBodySize = Math.Max(RequestBodyBytesMax, options.Limits.EntityApi.BodyBytesMax);
        kestrel.Limits.MaxRequestHeadersTotalSize = RequestHeadBytesMax;
        kestrel.Limits.MaxRequestHeaderCount = RequestHeadersMax;
        kestrel.Limits.RequestHeadersTimeout = HeadTimeout;
        kestrel.Limits.KeepAliveTimeout = KeepAliveTimeout;
    }

    /// <summary>
    /// The host's own lifetime would stop the API at SIGTERM and Ctrl-C, beside the program, which stops its parts in order: it looked like
    /// a failure of the API.
    /// </summary>
    private sealed class SignalsLeftToTheProgram : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
