using System.Net;
using Strata.Identity.Mail;
using Strata.S3Blobs;
using Strata.Secrets.Masters;

namespace Strata.Server.Options;

/// <summary>
/// How one cloud runs on this machine. Made by <see cref="ServerOptionsReader"/> from flags, environment, file and defaults.
/// </summary>
public sealed record ServerOptions
{
    public required HomeLayout Home { get; init; }

    /// <summary>Address that the API and the edge listen on.</summary>
    public required IPAddress Listen { get; init; }
    public required int ApiPort { get; init; }
    public required int HttpPort { get; init; }

    /// <summary>Of the edge over TLS; 0: none.</summary>
    public int HttpsPort { get; init; }

    /// <summary>Under which users reach <see cref="HttpsPort"/>, where it is another; null: the same.</summary>
    public int? HttpsPublicPort { get; init; }
    public required EdgeMode EdgeMode { get; init; }

    /// <summary>
    /// Connection string or <c>postgres://</c> URL of an existing PostgreSQL 15+; null: a private one in the data folder.
    /// </summary>
    public string? PostgresUrl { get; init; }

    /// <summary>The folder of sources and images, which servers may share; null: in the data folder.</summary>
    public string? BlobFolder { get; init; }

    /// <summary>The bucket of sources and images; null: a folder.</summary>
    public S3Options? BlobBucket { get; init; }

    /// <summary>False: this machine runs no instances.</summary>
    public bool Agent { get; init; } = true;

    /// <summary>
    /// True: git sources may be on this machine or at private addresses. Only where everyone who deploys may read what the server can
    /// reach.
    /// </summary>
    public bool PrivateGit { get; init; }

    /// <summary>
    /// True: OIDC providers may be on this machine and private addresses. Only where every organization's administrators may read what the
    /// server can reach.
    /// </summary>
    public bool PrivateProviders { get; init; }

    /// <summary>
    /// True: webhooks may call this machine and private addresses. Only where everyone who makes webhooks may reach what the server can
    /// reach.
    /// </summary>
    public bool PrivateWebhooks { get; init; }

    /// <summary>Private networks that instances and builds may reach.</summary>
    public IReadOnlyList<IPNetwork> EgressAllowed { get; init; } = [];

    /// <summary>Proxies in front of the API whose X-Forwarded-For is believed.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Proxies in front of the edge whose X-Forwarded-For, -Proto and -Host are believed.</summary>
    public IReadOnlyList<IPNetwork> EdgeTrustedProxies { get; init; } = [];

    /// <summary>Path of the program that sets DNS records; null: not set.</summary>
    public string? DnsHook { get; init; }

    /// <summary>As set; null: not.</summary>
    public MasterKeySource? MasterKeySet { get; init; }

    /// <summary>Where the cloud's master key is.</summary>
    public MasterKeySource MasterKey => MasterKeySet ?? MasterKeySource.Parse("", Home.KeyFile, _ => null);

    /// <summary>True: the administrator's token is replaced at this start, because it was lost.</summary>
    public bool NewAdminToken { get; init; }

    /// <summary>The server that takes the cloud's mail; null: it sends none.</summary>
    public MailOptions? Mail { get; init; }

    public TelemetrySettings Telemetry { get; init; } = new();

    public ServerLimits Limits { get; init; } = new();

    /// <summary>What these options were read from.</summary>
    public IReadOnlyList<SettingValue> Settings { get; init; } = [];

    /// <summary>As set; null: not.</summary>
    public Uri? PublicUrlSet { get; init; }

    /// <summary>
    /// Where others reach the API: what tokens name as their issuer, and what is shown to people. All servers of a cloud need the same, or
    /// one does not accept the other's tokens.
    /// </summary>
    public Uri PublicUrl => PublicUrlSet ?? ApiUrl;

    /// <summary>As set; null: not.</summary>
    public Uri? PeerAddressSet { get; init; }

    /// <summary>Where the other servers of the cloud reach this one.</summary>
    public Uri PeerAddress => PeerAddressSet ?? ApiUrl;

    /// <summary>Where this machine reaches the API; the cloud's own parts use it.</summary>
    public Uri ApiUrl => new($"http://{Host}:{ApiPort}");
    public Uri HttpUrl => new($"http://{Host}:{HttpPort}");

    /// <summary>Null: the edge does not serve over TLS.</summary>
    public Uri? HttpsUrl => HttpsPort == 0 ? null : new($"https://{Host}:{HttpsPort}");

    /// <summary>As <see cref="HttpsUrl"/>, with the port that users reach.</summary>
    public Uri? PublicHttpsUrl => HttpsPort == 0 ? null : new($"https://{Host}:{HttpsPublicPort ?? HttpsPort}");

    /// <summary>Where the edge serves, for people.</summary>
    public string EdgeUrls => HttpsUrl is { } https ? $"{HttpUrl} and {https}" : $"{HttpUrl}";

    /// <summary>Where this machine reaches what listens on <see cref="Listen"/>.</summary>
    private string Host => Listen.Equals(IPAddress.Any) ? "127.0.0.1"
        : Listen.Equals(IPAddress.IPv6Any) ? "[::1]"
        : Listen.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Listen}]" : Listen.ToString();
}

/// <summary>Where the edge runs.</summary>
public enum EdgeMode
{
    /// <summary>Inside the server's process.</summary>
    InProcess,

    /// <summary>In a process of its own, with the settings that give the most requests per second.</summary>
    Inline,

    /// <summary>Not on this machine.</summary>
    Off,
}
