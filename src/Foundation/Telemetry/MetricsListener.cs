using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Strata.Telemetry;

/// <summary>
/// Serves <c>GET /metrics</c> on an address of its own, without authentication: anyone who can connect may read. Start once, dispose once.
/// </summary>
internal sealed class MetricsListener : IAsyncDisposable
{
    private const int ConnectionsMax = 64;

    private readonly WebApplication app;

    public MetricsListener(IPEndPoint endPoint, RequestDelegate metrics, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = "strata-metrics" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(endPoint);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
            kestrel.Limits.MaxRequestBodySize = 0;
        });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        app = builder.Build();
        app.Run(http => AnswerAsync(http, metrics));
    }

    public Task StartAsync(CancellationToken cancellationToken) => app.StartAsync(cancellationToken);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static Task AnswerAsync(HttpContext http, RequestDelegate metrics)
    {
        // a scrape is not a user's request
        if (http.Features.Get<IHttpMetricsTagsFeature>() is { } measured) measured.MetricsDisabled = true;
        if (http.Request.Path == "/metrics" && HttpMethods.IsGet(http.Request.Method)) return metrics(http);
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return http.Response.WriteAsync("Only GET /metrics is answered here.\n", http.RequestAborted);
    }
}
