using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Certificates.Acme;

/// <summary>The certificate that a tls-alpn-01 challenge asks for (RFC 8737).</summary>
internal static class AcmeAlpn
{
    /// <summary>What a validating server asks for in the handshake; it gets the challenge's certificate and nothing else.</summary>
    public const string Protocol = "acme-tls/1";

    /// <summary>id-pe-acmeIdentifier.</summary>
    public const string Extension = "1.3.6.1.5.5.7.1.31";

    private static readonly TimeSpan Margin = TimeSpan.FromDays(1); // for validating servers whose clock differs

    /// <summary>Self-signed, with its private key, for one name. The caller disposes it.</summary>
    /// <param name="name">Without "*.": tls-alpn-01 proves no wildcards.</param>
    /// <param name="digest">SHA-256 of the key authorization, 32 bytes: <see cref="AcmeChallenge.AlpnDigest"/>.</param>
    public static X509Certificate2 CertificateFor(string name, ReadOnlySpan<byte> digest, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ACME challenge", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var value = new AsnWriter(AsnEncodingRules.DER);
        value.WriteOctetString(digest);
        request.CertificateExtensions.Add(new X509Extension(Extension, value.Encode(), critical: true));
        return request.CreateSelfSigned(now - Margin, now + Margin);
    }
}
