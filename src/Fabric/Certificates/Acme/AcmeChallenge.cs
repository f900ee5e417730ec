using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Certificates.Acme;

/// <summary>What an ACME server wants to see as the proof of control of one name.</summary>
/// <param name="Name">Without "*.".</param>
/// <param name="Type"><see cref="Http"/>, <see cref="TlsAlpn"/> or <see cref="Dns"/>.</param>
/// <param name="Token">Letters, digits, "-" and "_" only: safe as a part of a path or a file name.</param>
/// <param name="KeyAuthorization">
/// With http-01 the body of <c>http://NAME/.well-known/acme-challenge/TOKEN</c>: the token and the thumbprint of the account key.
/// </param>
internal sealed record AcmeChallenge(string Name, string Type, string Token, string KeyAuthorization)
{
    public const string Http = "http-01";
    public const string TlsAlpn = "tls-alpn-01";
    public const string Dns = "dns-01";

    private const int TokenCharactersMax = 200;

    private byte[] Digest => SHA256.HashData(Encoding.ASCII.GetBytes(KeyAuthorization));

    /// <summary>With dns-01: the name of the TXT record.</summary>
    public string DnsName => "_acme-challenge." + Name;

    /// <summary>With dns-01: the value of the TXT record.</summary>
    public string DnsValue => Base64Url.EncodeToString(Digest);

    /// <summary>With tls-alpn-01: what <see cref="AcmeAlpn.CertificateFor"/> puts into the certificate, 32 bytes.</summary>
    public ReadOnlyMemory<byte> AlpnDigest => Digest;

    /// <returns>Null: the server's token is not one (RFC 8555 section 8), and would be dangerous as a path.</returns>
    public static AcmeChallenge? Of(string name, string type, string? token, string thumbprint) =>
        token is { Length: > 0 and <= TokenCharactersMax } && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? new AcmeChallenge(name, type, token, $"{token}.{thumbprint}") : null;
}
