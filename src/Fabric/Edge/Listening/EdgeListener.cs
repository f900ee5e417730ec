using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Edge.Tls;
using Strata.Edge.Transport;
using Strata.Rpc.Listening;

namespace Strata.Edge.Listening;

/// <summary>Kestrel, built by hand and set to the edge's limits.</summary>
internal static class EdgeListener
{
    static EdgeListener()
    {
        // Line ends are CRLF and nothing else. Read by Kestrel when a server is built; stricter is right for every server of the process.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
    }

    /// <param name="secure">Makes what takes TLS off, of where HTTP/2 goes; called where the options have such endpoints.</param>
    public static KestrelServer ForRequests(
        EdgeOptions options, ILoggerFactory loggers, EventLoops? loops, Func<HandOver, TlsConnections> secure)
    {
        var kestrel = CreateOptions(loggers);
        SetLimits(kestrel.Limits, options.Limits);
        var priorKnowledge = new PriorKnowledge(options.Limits.KeepAliveTimeout);
        foreach (var endPoint in options.Http)
        {
            kestrel.Listen(endPoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(priorKnowledge.Use);
            });
        }
        if (options.Https.Count > 0)
        {
            var tls = secure(priorKnowledge.Http2);
            foreach (var endPoint in options.Https)
            {
                kestrel.Listen(endPoint, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1; // as to Kestrel: what agreed on HTTP/2 is handed over
                    listen.Use(tls.Use);
                });
            }
        }
        kestrel.Listen(priorKnowledge.Http2, listen => listen.Protocols = HttpProtocols.Http2);
        return new KestrelServer(Options.Create(kestrel), new EdgeTransport(loggers, loops), loggers);
    }

    /// <summary>For the few requests about the edge itself.</summary>
    public static KestrelServer ForAdmin(IPEndPoint endPoint, ILoggerFactory loggers)
    {
        var kestrel = CreateOptions(loggers);
        kestrel.Limits.MaxConcurrentConnections = 64;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Listen(endPoint, listen => listen.Protocols = HttpProtocols.Http1);
        return new KestrelServer(Options.Create(kestrel), new EdgeTransport(loggers), loggers);
    }

    /// <summary>The ports that a started server listens on, in the order of its endpoints.</summary>
    public static IReadOnlyList<IPEndPoint> BoundTo(KestrelServer server) =>
        [.. server.Features.Get<IServerAddressesFeature>()!.Addresses.Where(
            a => a.Contains("://[", StringComparison.Ordinal) || char.IsAsciiDigit(a[^1]))
            .Select(a => new Uri(a)).Where(u => IPAddress.TryParse(u.Host, out _))
            .Select(u => new IPEndPoint(IPAddress.Parse(u.Host), u.Port))];

    private static KestrelServerOptions CreateOptions(ILoggerFactory loggers) => new()
    {
        ApplicationServices = new NoServices(loggers),
        AddServerHeader = false,
        AllowAlternateSchemes = true, // so that the edge itself can answer 421
        RequestHeaderEncodingSelector = StrictHeaderEncoding.Select,
        ResponseHeaderEncodingSelector = _ => System.Text.Encoding.Latin1,
    };

    private static void SetLimits(KestrelServerLimits kestrel, EdgeLimits limits)
    {
        kestrel.MaxConcurrentConnections = limits.ConnectionsMax;
        kestrel.MaxConcurrentUpgradedConnections = limits.UpgradedConnectionsMax;
        kestrel.MaxRequestHeaderCount = limits.RequestHeadersMax;
        kestrel.MaxRequestHeadersTotalSize = limits.RequestHeadBytesMax;
        kestrel.MaxRequestLineSize = limits.RequestLineBytesMax;
        kestrel.MaxRequestBufferSize = Math.Max(256 * 1024, limits.RequestLineBytesMax);
        kestrel.MaxRequestBodySize = limits.RequestBodyBytesMax;
        kestrel.RequestHeadersTimeout = limits.RequestHeadTimeout;
        kestrel.KeepAliveTimeout = limits.KeepAliveTimeout;
        var rate = limits.BodyBytesPerSecondMin > 0 ? new MinDataRate(limits.BodyBytesPerSecondMin, limits.BodyRateGrace) : null;
        kestrel.MinRequestBodyDataRate = rate;
        kestrel.MinResponseDataRate = rate;
        kestrel.Http2.MaxStreamsPerConnection = limits.StreamsPerConnectionMax;
        kestrel.Http2.MaxRequestHeaderFieldSize = limits.RequestLineBytesMax;
    }

    /// <summary>Kestrel asks for services in places; it needs none but the loggers here.</summary>
    private sealed class NoServices(ILoggerFactory loggers) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(ILoggerFactory) ? loggers : null;
    }
}
