using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>The HttpClient for an ACME server.</summary>
internal static class AcmeHttp
{
    private const int HeadKilobytesMax = 32;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>
    /// Trusts what the system trusts and, where given, these roots too, for a certificate authority inside a company. The host's name is
    /// checked either way. Follows no redirects; asks the proxy of the environment, but not for this machine's own addresses.
    /// </summary>
    /// <param name="rootsPem">One or more certificates; null: those of the system only. The client holds them until it is disposed.</param>
    public static Result<HttpClient> Create(string? rootsPem)
    {
        if (rootsPem is null) return Client(null);
        return Pem.TryReadChain(rootsPem, out var roots) ? Client(roots) : AcmeErrors.RootsInvalid;
    }

    private static HttpClient Client(X509Certificate2Collection? roots)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = new ProxyBeyondLoopback(HttpClient.DefaultProxy),
            ConnectTimeout = TimeSpan.FromSeconds(15),
            MaxResponseHeadersLength = HeadKilobytesMax,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // or a name that moved would not be noticed
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30), // an order is rarely followed by the next one soon
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, leaf, chain, errors) => IsTrusted(roots, leaf, chain, errors);
        var http = new HttpClient(handler) { Timeout = TimeSpan.FromMinutes(1), MaxResponseContentBufferSize = AcmeTransport.BodyBytesMax };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("strata"); // RFC 8555 section 6.1 demands one
        http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en");
        return http;
    }

    /// <exception cref="AuthenticationException">It is not; says why, which "false" would not.</exception>
    private static bool IsTrusted(X509Certificate2Collection? roots, X509Certificate? leaf, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        if (errors == SslPolicyErrors.RemoteCertificateChainErrors && roots is not null
            && leaf is X509Certificate2 certificate && IsFromOneOf(roots, certificate, chain)) return true;
        throw new AuthenticationException(Reason(errors));
    }

    private static string Reason(SslPolicyErrors errors) => errors switch
    {
        SslPolicyErrors.RemoteCertificateChainErrors =>
            "its certificate has expired, or is not from a certificate authority that is trusted here",
        _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) => "its certificate is for another name",
        _ => "it has no certificate",
    };

    private static bool IsFromOneOf(X509Certificate2Collection roots, X509Certificate2 leaf, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // as for roots of the system
        chain.ChainPolicy.DisableCertificateDownloads = true; // the server's certificate must not choose what is called
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (presented is not null) chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        try
        {
            return chain.Build(leaf);
        }
        finally
        {
            foreach (var element in chain.ChainElements) element.Certificate.Dispose();
        }
    }

    private sealed class ProxyBeyondLoopback(IWebProxy proxy) : IWebProxy
    {
        public ICredentials? Credentials { get => proxy.Credentials; set => proxy.Credentials = value; }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : proxy.GetProxy(destination);

        public bool IsBypassed(Uri host) => host.IsLoopback || proxy.IsBypassed(host);
    }
}
