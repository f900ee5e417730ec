using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Rpc.Listening;

namespace Strata.Rpc.Tests;

/// <summary>The echo service on a real port that speaks HTTP/1.1 and HTTP/2 without TLS.</summary>
internal sealed class EchoHost : IAsyncDisposable
{
    private readonly WebApplication app;

    private EchoHost(WebApplication app) => this.app = app;

    public EchoService Service { get; } = new();

    public Uri Address => new(app.Urls.First(u => u.StartsWith("http://127.", StringComparison.Ordinal)));

    public Uri TlsAddress => new(app.Urls.First(u => u.StartsWith("https://127.", StringComparison.Ordinal)));

    public IMeterFactory Meters => app.Services.GetRequiredService<IMeterFactory>();

    public static async Task<EchoHost> StartAsync(RpcLimits? limits = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.Services.AddSingleton<IConnectionListenerFactory, HandOverTransport>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            var priorKnowledge = new PriorKnowledge(TimeSpan.FromSeconds(10));
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(priorKnowledge.Use);
            });
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseHttps(Certificate));
            kestrel.Listen(priorKnowledge.Http2, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        var app = builder.Build();
        var host = new EchoHost(app);
        app.MapRpc(host.Service, limits);
        app.MapRpcHealth(Echo.Descriptor);
        app.MapRpcReflection(Echo.Descriptor);
        await app.StartAsync();
        return host;
    }

    public GrpcChannel Channel() => GrpcChannel.ForAddress(Address, new GrpcChannelOptions { MaxReceiveMessageSize = null });

    /// <summary>Its own, which no authority has signed.</summary>
    public static X509Certificate2 Certificate { get; } = MakeCertificate();

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null); // so that its key can be used by TLS
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
