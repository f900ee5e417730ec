using System.Net;
using Strata.Contracts;
using Strata.Edge.Routing;

namespace Strata.Edge.Tests.Support;

/// <summary>An edge on a free port, with a table that the test hands in.</summary>
internal sealed class TestEdge : IAsyncDisposable
{
    public const string Host = "app.localhost";

    private readonly EdgeReadings readings;

    private TestEdge(EdgeServer server)
    {
        Server = server;
        readings = new EdgeReadings(server.Metrics.Meter);
    }

    public EdgeServer Server { get; }
    /// <summary>What its instruments have reported.</summary>
    public string ReadMetrics() => readings.Write();

    public IPEndPoint EndPoint => Server.HttpEndPoints[0];

    public static async Task<TestEdge> StartAsync(TableSnapshot? table = null, Func<EdgeOptions, EdgeOptions>? with = null)
    {
        var options = new EdgeOptions
        {
            Http = [new IPEndPoint(IPAddress.Loopback, 0)], Inline = InlineModeAttribute.IsOn,
            Upstream = new UpstreamLimits { HoldTimeout = TimeSpan.Zero }, // tests of errors see them at once
        };
        var edge = new TestEdge(new EdgeServer(with?.Invoke(options) ?? options));
        await edge.Server.StartAsync();
        if (table is not null) edge.Server.Apply(table);
        return edge;
    }

    /// <summary>An edge in front of origins that share one route.</summary>
    public static Task<TestEdge> BeforeAsync(params IPEndPoint[] origins) => StartAsync(TableOf(origins));

    /// <summary>An edge in front of one origin, whose route has limits of its own.</summary>
    public static Task<TestEdge> BeforeAsync(IPEndPoint origin, RouteLimits limits) =>
        StartAsync(new TableSnapshot([Route() with { Limits = limits }], [Instance(origin)]));

    public static Task<TestEdge> BeforeAsync(IPEndPoint origin, Func<EdgeOptions, EdgeOptions> with) => StartAsync(TableOf(origin), with);

    public static TableSnapshot TableOf(params IPEndPoint[] origins) =>
        new([Route()], [.. origins.Select((o, i) => Instance(o, $"ins_{i}_{o.Port}"))]);

    public static RouteRecord Route(string host = Host, string path = "/", string release = "rel_1", string? message = null) => new()
    {
        Id = $"rou_{host}{path}", Org = "org_1", Host = host, Path = path, DeploymentName = "app", Message = message,
        Targets = [new TargetRecord(release, 1)],
    };

    public static InstanceRecord Instance(IPEndPoint at, string id = "ins_1", string release = "rel_1", string org = "org_1") =>
        new(id, org, release, at.Address.ToString(), at.Port);

    /// <summary>A client whose every request goes to the edge, whatever host it names.</summary>
    public HttpClient CreateClient(Version? version = null) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, ct) =>
        {
            var socket = new System.Net.Sockets.Socket(
                System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(EndPoint, ct);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        },
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        Expect100ContinueTimeout = TimeSpan.FromSeconds(10),
    })
    {
        BaseAddress = new Uri($"http://{Host}/"),
        Timeout = TimeSpan.FromSeconds(90),
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        readings.Dispose();
    }
}
