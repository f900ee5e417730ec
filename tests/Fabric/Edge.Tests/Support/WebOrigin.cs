using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Strata.Edge.Tests.Support;

/// <summary>An ASP.NET Core application as an instance.</summary>
internal sealed class WebOrigin : IAsyncDisposable
{
    private readonly WebApplication application;

    private WebOrigin(WebApplication application) => this.application = application;

    public IPEndPoint EndPoint { get; private set; } = null!;

    public static async Task<WebOrigin> StartAsync(RequestDelegate handle, HttpProtocols protocols = HttpProtocols.Http1)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Limits.MaxRequestBodySize = null;
            k.Limits.MinRequestBodyDataRate = null;
            k.Limits.MinResponseDataRate = null;
            k.Listen(IPAddress.Loopback, 0, l => l.Protocols = protocols);
        });
        var application = builder.Build();
        application.UseWebSockets();
        application.Run(handle);
        await application.StartAsync();
        return new WebOrigin(application) { EndPoint = IPEndPoint.Parse(new Uri(application.Urls.First()).Authority) };
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await application.StopAsync(now.Token);
        await application.DisposeAsync();
    }
}
