using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;
using Strata.Edge.Tls;

namespace Strata.Edge.Tests.Support;

/// <summary>An authority of a test, whose certificates lie where an edge keeps them.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly TestAuthority authority = new(Now);

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public TempFolder Folder { get; } = new();

    public string FolderOfFiles => Path.Combine(Folder.Path, "certificates");

    /// <summary>Chain and key in PEM of a certificate for these hosts.</summary>
    public (string Chain, string Key, string Fingerprint) Issue(params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = authority.Issue(new PublicKey(key), hosts);
        return (leaf.ExportCertificatePem() + "\n" + authority.RootPem + "\n", key.ExportPkcs8PrivateKeyPem() + "\n", Fingerprint.Of(leaf));
    }

    /// <summary>A certificate for these hosts whose key the edge has already.</summary>
    public CertificateRecord Put(params string[] hosts)
    {
        var (chain, key, fingerprint) = Issue(hosts);
        var record = Record(fingerprint, hosts);
        Directory.CreateDirectory(FolderOfFiles);
        File.WriteAllText(FileOf(record), chain + key);
        return record;
    }

    public string FileOf(CertificateRecord record) => Path.Combine(FolderOfFiles, $"{record.Id}.{record.Fingerprint}.pem");

    public static CertificateRecord Record(string? fingerprint, params string[] hosts) => new(
        "crt_" + string.Concat(hosts[0].Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')), "org_1", null, string.Join(' ', hosts),
        fingerprint, IsPublic: false, IsOwn: false, Now.AddDays(30));

    /// <summary>An encrypted connection to the edge's TLS port, with the certificate checked against the authority.</summary>
    /// <param name="host">What is asked for; "": nothing.</param>
    public async Task<SslStream> ConnectAsync(TestEdge edge, string host, params SslApplicationProtocol[] protocols)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(edge.Server.HttpsEndPoints[0]);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await stream.AuthenticateAsClientAsync(OptionsFor(host, protocols));
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client of one host, whose every request goes to the edge's TLS port.</summary>
    public HttpClient CreateClient(TestEdge edge, string host, Version? version = null) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(edge.Server.HttpsEndPoints[0], ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = OptionsFor(host),
        AllowAutoRedirect = false, UseCookies = false, UseProxy = false,
    })
    {
        BaseAddress = new Uri($"https://{host}/"), Timeout = TimeSpan.FromSeconds(90),
        DefaultRequestVersion = version ?? System.Net.HttpVersion.Version11,
        DefaultVersionPolicy = System.Net.Http.HttpVersionPolicy.RequestVersionExact,
    };

    public SslClientAuthenticationOptions OptionsFor(string host, params SslApplicationProtocol[] protocols)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(authority.RootPem));
        return new SslClientAuthenticationOptions
        {
            TargetHost = host, CertificateChainPolicy = policy, ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols],
        };
    }

    public void Dispose()
    {
        authority.Dispose();
        Folder.Dispose();
    }
}
