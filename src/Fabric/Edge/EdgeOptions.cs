using System.Net;
using Strata.Contracts;

namespace Strata.Edge;

/// <summary>The settings that an edge starts with. Immutable.</summary>
public sealed record EdgeOptions
{
    /// <summary>Where users' requests arrive, HTTP/1.1 and HTTP/2 in cleartext (prior knowledge). Port 0 takes a free one.</summary>
    public IReadOnlyList<IPEndPoint> Http { get; init; } = [new(IPAddress.Loopback, 8000)];

    /// <summary>
    /// Where users' requests arrive over TLS, HTTP/1.1 and HTTP/2; needs <see cref="DataFolder"/>. Empty: nowhere. Port 0 takes a free one.
    /// </summary>
    public IReadOnlyList<IPEndPoint> Https { get; init; } = [];

    /// <summary>
    /// The port under which clients reach <see cref="Https"/>, where it is another, as behind a forwarded port; null: it is not.
    /// </summary>
    public int? HttpsPublicPort { get; init; }

    /// <summary>Where the edge reports its health: <c>/healthz</c>, <c>/readyz</c>. Null: nowhere. Port 0 takes a free one.</summary>
    public IPEndPoint? Admin { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>
    /// Folder for the last good table and the sites; made when missing. Null: nothing is kept, as in tests of forwarding alone.
    /// </summary>
    public string? DataFolder { get; init; }

    /// <summary>
    /// The control plane's address, for example <c>http://127.0.0.1:8080</c>. Null: the table is only what <see cref="EdgeServer.Apply"/>
    /// is given.
    /// </summary>
    public Uri? ApiUrl { get; init; }

    /// <summary>A platform token with the role <c>edge</c>.</summary>
    public string? ApiToken { get; init; }

    /// <summary>A file that holds the token, read for each call. The process that started the edge replaces it before it expires.</summary>
    public string? ApiTokenFile { get; init; }

    /// <summary>
    /// Handles a request from its first byte to its last on one event loop, without handing it on to another thread: half again the
    /// requests for the same CPU. Linux only. Best in a process of its own (<see cref="EdgeProcess"/>), where nothing else takes the
    /// processors away from the loops.
    /// </summary>
    public bool Inline { get; init; }

    /// <summary>Proxies in front whose X-Forwarded-* headers are believed; from all others they are dropped. Default: none.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Where tunnels may be reached; other addresses in a tunnel's status are refused.</summary>
    public TunnelRange TunnelAddresses { get; init; } = TunnelRange.Default;

    public static readonly TimeSpan StopGraceDefault = TimeSpan.FromSeconds(10);

    /// <summary>How long requests may continue after a stop has begun; WebSockets are closed at once (1001), event streams end.</summary>
    public TimeSpan StopGrace { get; init; } = StopGraceDefault;

    public EdgeLimits Limits { get; init; } = new();
    public UpstreamLimits Upstream { get; init; } = new();
    public SiteLimits Sites { get; init; } = new();
    public TlsLimits Tls { get; init; } = new();
}

/// <summary>What a client may ask of the edge.</summary>
public sealed record EdgeLimits
{
    public int ConnectionsMax { get; init; } = 8192;

    /// <summary>No fewer than connections: beyond it Kestrel fails instead of answering.</summary>
    public int UpgradedConnectionsMax { get; init; } = 8192;
    public int RequestHeadersMax { get; init; } = 100;
    public int RequestHeadBytesMax { get; init; } = 32 * 1024;
    public int RequestLineBytesMax { get; init; } = 16 * 1024;
    public long RequestBodyBytesMax { get; init; } = 1L << 30;

    /// <summary>Whole head of a request, from its first byte.</summary>
    public TimeSpan RequestHeadTimeout { get; init; } = TimeSpan.FromSeconds(15);
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>A client that sends or takes a body slower than this for longer than the grace is cut off; 0: any speed will do.</summary>
    public int BodyBytesPerSecondMin { get; init; } = 240;
    public TimeSpan BodyRateGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Of one HTTP/2 connection, at a time.</summary>
    public int StreamsPerConnectionMax { get; init; } = 128;

    /// <summary>Requests that wait for an instance which is starting; further ones are refused at once.</summary>
    public int HeldRequestsMax { get; init; } = 2048;

    /// <summary>Of them, those of one organization.</summary>
    public int HeldRequestsPerOrganizationMax { get; init; } = 256;

    /// <summary>Answers of instances that are compressed at a time, up to a megabyte of memory each; further ones are not.</summary>
    public int CompressionsMax { get; init; } = 256;

    /// <summary>Of them, those of one organization.</summary>
    public int CompressionsPerOrganizationMax { get; init; } = 128;
}

/// <summary>How the edge encrypts.</summary>
public sealed record TlsLimits
{
    /// <summary>From the connection to the end of the handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a handshake waits for the certificate of a host that has just been deployed. Less than the timeout.</summary>
    public TimeSpan HoldTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Handshakes that wait so; further ones fail at once.</summary>
    public int HeldMax { get; init; } = 512;

    /// <summary>Of them, those for hosts of one organization.</summary>
    public int HeldPerOrganizationMax { get; init; } = 64;

    /// <summary>Handshakes under way; further connections are closed at once.</summary>
    public int HandshakesMax { get; init; } = 2048;

    /// <summary>For the goodbye at the end of a connection; a client that does not take it is cut off.</summary>
    public TimeSpan GoodbyeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Certificates that are kept ready, about 40 KB each; others are read from the disk when they are needed.</summary>
    public int ReadyMax { get; init; } = 1024;
}

/// <summary>How the edge treats instances.</summary>
public sealed record UpstreamLimits
{
    /// <summary>Connections to one instance that carry requests; streams have a bound of their own.</summary>
    public int ConnectionsMax { get; init; } = 1024;

    /// <summary>Of WebSockets and event streams to one instance, each on a connection of its own, and of gRPC calls, each.</summary>
    public int StreamsMax { get; init; } = 4096;

    /// <summary>
    /// A request that lasts longer, such as a long poll or a large download, counts as a stream while there is room for it.
    /// </summary>
    public TimeSpan StreamAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Requests that wait for a connection to one instance. By default none does: one too many is refused at once.</summary>
    public int WaitersMax { get; init; }
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a request waits for an instance that is starting or cannot be reached. 0: not at all.</summary>
    public TimeSpan HoldTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The same while another instance could take the request.</summary>
    public TimeSpan ConnectTimeoutWithOthers { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>From the end of the request to the end of the answer's head.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two pieces of a body, in either direction.</summary>
    public TimeSpan BodyIdleTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Of an upgraded connection (WebSocket) on which nothing moves.</summary>
    public TimeSpan TunnelIdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long an unused connection is kept.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(55);
    public int AnswerHeadBytesMax { get; init; } = 64 * 1024;
    public int AnswerHeadersMax { get; init; } = 200;

    /// <summary>Interim answers (1xx) before the answer itself; more, or more bytes of them than a head may have, end it.</summary>
    public int InterimAnswersMax { get; init; } = 16;

    /// <summary>How often one request is tried, the first time included.</summary>
    public int AttemptsMax { get; init; } = 3;

    /// <summary>Failed connects in a row after which an instance gets a rest.</summary>
    public int FailuresToEject { get; init; } = 1;
    public TimeSpan EjectMin { get; init; } = TimeSpan.FromMilliseconds(250);
    public TimeSpan EjectMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>These, with what a route sets for itself.</summary>
    internal UpstreamLimits For(RouteLimits? route) => route is null ? this : this with
    {
        ConnectTimeout = Seconds(route.ConnectSeconds, ConnectTimeout),
        HoldTimeout = Seconds(route.HoldSeconds, HoldTimeout),
        AnswerTimeout = Seconds(route.FirstByteSeconds, AnswerTimeout),
        BodyIdleTimeout = Seconds(route.IdleSeconds, BodyIdleTimeout),
        TunnelIdleTimeout = Seconds(route.StreamIdleSeconds, TunnelIdleTimeout),
        ConnectionsMax = route.RequestsPerInstance ?? ConnectionsMax,
        StreamsMax = route.StreamsPerInstance ?? StreamsMax,
    };

    private static TimeSpan Seconds(int? set, TimeSpan otherwise) => set is { } seconds ? TimeSpan.FromSeconds(seconds) : otherwise;
}

/// <summary>How the edge serves static sites.</summary>
public sealed record SiteLimits
{
    public long UnpackedBytesMax { get; init; } = 2L << 30;
    public int FilesMax { get; init; } = 50_000;

    /// <summary>Of all unpacked sites together; the ones used longest ago are deleted beyond it. 0: a quarter of the disk.</summary>
    public long StoredBytesMax { get; init; }

    /// <summary>Files up to this size are kept in memory once requested.</summary>
    public int CachedFileBytesMax { get; init; } = 256 * 1024;

    /// <summary>Of all kept files together.</summary>
    public long CacheBytesMax { get; init; } = 64L << 20;

    /// <summary>Files up to this size are compressed when the site is unpacked.</summary>
    public int CompressedFileBytesMax { get; init; } = 8 << 20;

    /// <summary>How long a request waits for a site that is being fetched.</summary>
    public TimeSpan FetchTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
