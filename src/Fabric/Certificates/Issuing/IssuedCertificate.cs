using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Certificates.Issuing;

/// <summary>A certificate with its key, as an authority issued it or a user brought it.</summary>
/// <param name="Chain">In PEM, the host's own first.</param>
/// <param name="PrivateKey">PKCS #8 in base64.</param>
/// <param name="Hosts">That it covers.</param>
/// <param name="Fingerprint">SHA-256 in hex.</param>
internal sealed record IssuedCertificate(
    string Chain, string PrivateKey, IReadOnlyList<string> Hosts, string Fingerprint, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>At two thirds of its life, as authorities advise.</summary>
    public DateTimeOffset RenewAt => NotBefore + (NotAfter - NotBefore) * 2 / 3;

    public static IssuedCertificate Of(string chain, AsymmetricAlgorithm key)
    {
        using var leaf = X509Certificate2.CreateFromPem(chain);
        return new IssuedCertificate(
            chain, Convert.ToBase64String(key.ExportPkcs8PrivateKey()), Pem.HostsOf(leaf), Pem.FingerprintOf(leaf), leaf.NotBefore,
            leaf.NotAfter);
    }

    /// <summary>Checks what a user brings: the key is the certificate's, the chain is in order, and it is valid now.</summary>
    public static Result<IssuedCertificate> Check(string chainText, string keyText, DateTimeOffset now)
    {
        if (!Pem.TryReadChain(chainText, out var chain))
            return CertificateErrors.Invalid("The chain is not one to ten certificates in PEM.");
        if (keyText.Contains("ENCRYPTED", StringComparison.Ordinal))
            return CertificateErrors.Invalid("The private key is encrypted with a password, which the edge does not know.");
        using var key = Pem.ReadKey(keyText);
        if (key is null) return CertificateErrors.Invalid("The private key is not an RSA or EC key in PEM.");
        var leaf = chain[0];
        if (!leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            return CertificateErrors.Invalid("The private key is not that of the first certificate.");
        if (key is RSA { KeySize: < 2048 })
            return CertificateErrors.Invalid("The RSA key has fewer than 2048 bits, which browsers refuse.");
        for (var i = 1; i < chain.Count; i++)
        {
            if (!chain[i - 1].IssuerName.RawData.AsSpan().SequenceEqual(chain[i].SubjectName.RawData))
                return CertificateErrors.Invalid($"Certificate {i + 1} of the chain has not signed certificate {i}.");
        }
        var hosts = Pem.HostsOf(leaf);
        if (hosts.Count == 0) return CertificateErrors.Invalid("The certificate names no host (subject alternative name).");
        if (hosts.Count > Kinds.CertificateKinds.HostsMax) return CertificateErrors.Invalid("The certificate names more than 100 hosts.");
        if (leaf.NotAfter <= now) return CertificateErrors.Invalid($"The certificate has expired on {leaf.NotAfter:yyyy-MM-dd}.");
        if (leaf.NotBefore > now) return CertificateErrors.Invalid($"The certificate is valid only from {leaf.NotBefore:yyyy-MM-dd} on.");
        return Of(Pem.Of(chain), key);
    }

    /// <param name="issuer">Its name; null for one's own.</param>
    /// <param name="isPublic">See <see cref="CertificateStatus.IsPublic"/>.</param>
    /// <param name="sealedKey">The private key, sealed.</param>
    public CertificateStatus ToStatus(string? issuer, bool isPublic, string sealedKey) => new()
    {
        Hosts = Hosts, Fingerprint = Fingerprint, Issuer = issuer, IsPublic = isPublic, NotBefore = NotBefore, NotAfter = NotAfter,
        RenewAt = issuer is null ? null : RenewAt, Chain = Chain, PrivateKey = sealedKey,
    };
}
