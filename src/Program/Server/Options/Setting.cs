namespace Strata.Server.Options;

/// <summary>
/// One setting of the server, with its three names: flag <c>--api-port</c>, variable <c>STRATA_API_PORT</c>, field <c>apiPort</c> in the
/// file.
/// </summary>
public sealed record Setting(string Name, string Default, string Description)
{
    /// <summary>Its value, or a part of it, is never shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>False: a flag would show it in the list of processes.</summary>
    public bool HasFlag { get; init; } = true;

    public string Flag => "--" + Name;

    public string Variable => "STRATA_" + Name.ToUpperInvariant().Replace('-', '_');

    public string Field => string.Concat(Name.Split('-').Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

    public static readonly Setting Listen = new("listen", "127.0.0.1", "Address to listen on; 0.0.0.0 for all");
    public static readonly Setting ApiPort = new("api-port", "8080", "Port of the HTTP API");
    public static readonly Setting HttpPort = new("http-port", "8000", "Port on which the edge serves applications");
    public static readonly Setting HttpsPort = new(
        "https-port", "8443", "Port on which the edge serves applications over HTTPS; 0: none");

    public static readonly Setting HttpsPublicPort = new(
        "https-public-port", "", "Port under which users reach https-port, e.g. 443 where that is forwarded to it; empty: the same");

    public static readonly Setting EdgeTrustedProxies = new(
        "edge-trusted-proxies", "",
        "Addresses of proxies in front of the edge whose X-Forwarded-For, -Proto and -Host are believed, for example 10.0.0.5/32; empty: none");

    public static readonly Setting DnsHook = new(
        "dns-hook", "",
        "Program that sets and removes DNS records for issuers with dns-01, called with present or cleanup, a name and a value; empty: none");

    public static readonly Setting EdgeMode = new("edge-mode", "in-process", "in-process, inline (a process of its own, fastest) or off");
    public static readonly Setting PublicUrl = new(
        "public-url", "",
        "Where others reach this cloud's API, e.g. https://cloud.example.com; decides the issuer of tokens and the addresses shown; empty: the listening address");

    public static readonly Setting TrustedProxies = new(
        "trusted-proxies", "",
        "Addresses of proxies in front of the API whose X-Forwarded-For is believed, for example 127.0.0.1/32,10.0.0.0/24; empty: none");

    public static readonly Setting MasterKey = new(
        "master-key", "",
        "Where the key is that opens the cloud's other keys: file:PATH, env:VARIABLE or command:COMMAND; empty: cloud.key in the data folder");

    public static readonly Setting PeerAddress = new(
        "peer-address", "",
        "Where the other servers of this cloud reach this one, e.g. http://10.0.0.5:8080; empty: the listening address");

    public static readonly Setting PostgresUrl = new(
        "postgres-url", "", "An existing PostgreSQL 15 or newer; empty for a private one") { IsSecret = true };

    public static readonly Setting Blobs = new(
        "blobs", "disk",
        "Where sources and images are kept: disk (the data folder), a folder such as /mnt/blobs that all servers share, or s3://bucket/prefix");

    public static readonly Setting BlobsEndpoint = new(
        "blobs-endpoint", "", "Address of a service that speaks S3, e.g. https://minio.example.com; empty: Amazon's");

    public static readonly Setting BlobsRegion = new("blobs-region", "us-east-1", "Region of the bucket");

    public static readonly Setting BlobsPathStyle = new(
        "blobs-path-style", "auto", "on, off or auto: whether addresses are endpoint/bucket; auto: on with an endpoint, off at Amazon");

    public static readonly Setting BlobsAccessKey = new(
        "blobs-access-key", "", "Access key of the bucket; empty: what the AWS SDK finds, such as the machine's role");

    public static readonly Setting BlobsSecretKey = new(
        "blobs-secret-key", "", "Secret key of the access key; no flag, because others could read it there") { IsSecret = true,
        HasFlag = false };

    public static readonly Setting BlobsSecretKeyFile = new(
        "blobs-secret-key-file", "", "A file that holds the secret key, instead of the variable");
    public static readonly Setting Agent = new("agent", "on", "on or off: whether this machine runs instances");

    public static readonly Setting EgressAllow = new(
        "egress-allow", "",
        "Private IPv4 networks that instances and builds may reach, for example 10.1.0.0/16,192.168.1.5/32; empty: the public internet only");

    public static readonly Setting PrivateGit = new(
        "private-git", "off", "on or off: whether git sources may be at private addresses, and on this machine (file://, for operators)");

    public static readonly Setting PrivateProviders = new(
        "private-providers", "off", "on or off: whether OIDC providers may be on this machine and private addresses");

    public static readonly Setting PrivateWebhooks = new(
        "private-webhooks", "off", "on or off: whether webhooks may call this machine and private addresses");

    public static readonly IReadOnlyList<Setting> All =
    [
        Listen, ApiPort, HttpPort, HttpsPort, HttpsPublicPort, PublicUrl, TrustedProxies, PeerAddress, EdgeMode,
        EdgeTrustedProxies, DnsHook, MasterKey, PostgresUrl,
        Blobs, BlobsEndpoint, BlobsRegion, BlobsPathStyle, BlobsAccessKey, BlobsSecretKey, BlobsSecretKeyFile,
        Agent, EgressAllow, PrivateGit, PrivateProviders, PrivateWebhooks, .. MailSetting.All, .. TelemetrySetting.All,
        .. LimitSetting.All.Select(l => l.Setting),
    ];
}

/// <summary>
/// A setting's value and where it came from: <c>flag --NAME</c>, <c>environment VARIABLE</c>, the file's path and line as <c>PATH:LINE</c>,
/// or <c>default</c>.
/// </summary>
public sealed record SettingValue(Setting Setting, string Value, string Source)
{
    public const string DefaultSource = "default";
    internal const string FlagSource = "flag ";
    internal const string VariableSource = "environment ";

    /// <summary>The value must not be shown.</summary>
    public bool IsSecret => Setting.IsSecret && Value.Length > 0;

    public bool IsFromFlag => Source.StartsWith(FlagSource, StringComparison.Ordinal);

    public bool IsFromEnvironment => Source.StartsWith(VariableSource, StringComparison.Ordinal);

    /// <summary>A secret of the last start: that it was set is known, and what it was is not. The value is shown and not used.</summary>
    public bool IsHidden { get; init; }

    public static SettingValue DefaultOf(Setting setting) => new(setting, setting.Default, DefaultSource);
}
