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
    /// <summary>P-256, P-384, P-521.</summary>
    private static readonly string?[] Curves = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

    /// <summary>In any case not at once again, whatever its times and our clock are.</summary>
    private static readonly TimeSpan KeptAtLeast = TimeSpan.FromHours(1);

    /// <summary>At two thirds of its life, as authorities advise.</summary>
    private DateTimeOffset RenewAt(DateTimeOffset now) =>
        NotBefore + (NotAfter - NotBefore) * 2 / 3 is var at && at > now + KeptAtLeast ? at : now + KeptAtLeast;

    public static IssuedCertificate Of(string chain, AsymmetricAlgorithm key)
    {
        using var leaf = X509Certificate2.CreateFromPem(chain);
        return new IssuedCertificate(
            chain, Convert.ToBase64String(key.ExportPkcs8PrivateKey()), Pem.HostsOf(leaf), Core.Fingerprint.Of(leaf), leaf.NotBefore,
            leaf.NotAfter);
    }

    /// <summary>Checks what a user brings: the key is the certificate's, the chain is in order, and it is valid now.</summary>
    public static Result<IssuedCertificate> Check(string chainText, string keyText, DateTimeOffset now)
    {
        if (!Pem.TryReadChain(chainText, out var chain))
            return CertificateErrors.Invalid("The chain is not one to ten certificates in PEM.");
        try
        {
            return Check(chain, keyText, now);
        }
        finally
        {
            Pem.Dispose(chain);
        }
    }

    private static Result<IssuedCertificate> Check(X509Certificate2Collection chain, string keyText, DateTimeOffset now)
    {
        if (keyText.Contains("ENCRYPTED", StringComparison.Ordinal))
            return CertificateErrors.Invalid("The private key is encrypted with a password, which the edge does not know.",
                "Take the password off: openssl pkey -in KEY -out PLAIN");
        using var key = Pem.ReadKey(keyText);
        if (key is null) return CertificateErrors.Invalid(
            "The private key is not an RSA or EC key in PEM.", "Have one issued for such a key, for example EC on P-256.");
        var leaf = chain[0];
        if (!leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            return NotOfKey(chain, key);
        if (FaultOf(key) is { } fault) return CertificateErrors.Invalid(fault, "Have one issued for another key.");
        for (var i = 1; i < chain.Count; i++)
        {
            if (!chain[i - 1].IssuerName.RawData.AsSpan().SequenceEqual(chain[i].SubjectName.RawData))
                return CertificateErrors.Invalid($"Certificate {i + 1} of the chain has not signed certificate {i}.");
        }
        var hosts = Pem.HostsOf(leaf);
        if (hosts.Count == 0) return CertificateErrors.Invalid(
            "The certificate names no host (subject alternative name).", "Have one issued for your host.");
        if (hosts.Count > Kinds.CertificateKinds.HostsMax) return CertificateErrors.Invalid("The certificate names more than 100 hosts.");
        if (leaf.NotAfter <= now) return CertificateErrors.Invalid(
            $"The certificate has expired on {leaf.NotAfter:yyyy-MM-dd}.", "Have it renewed first.");
        if (leaf.NotBefore > now) return CertificateErrors.Invalid(
            $"The certificate is valid only from {leaf.NotBefore:yyyy-MM-dd} on.", "Bring it then.");
        return Of(Pem.Of(chain), key);
    }

    private static Error NotOfKey(X509Certificate2Collection chain, AsymmetricAlgorithm key)
    {
        var spki = key.ExportSubjectPublicKeyInfo();
        var at = chain.ToList().FindIndex(c => c.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(spki));
        return at < 0
            ? CertificateErrors.Invalid("The private key is not that of the first certificate.", "Bring the two that belong together.")
            : CertificateErrors.Invalid($"The private key is that of certificate {at + 1} of the chain.",
                "Put that one first, then those that lead to its authority.");
    }

    /// <summary>Edges sign with it in each handshake: a longer key would let anyone keep them busy.</summary>
    private static string? FaultOf(AsymmetricAlgorithm key) => key switch
    {
        RSA { KeySize: < 2048 } => "The RSA key has fewer than 2048 bits, which browsers refuse.",
        RSA { KeySize: > 4096 } => "The RSA key has more than 4096 bits, which costs edges too much; 2048 bits, or EC on P-256, are enough.",
        ECDsa ec when !Curves.Contains(ec.ExportParameters(false).Curve.Oid?.Value) => "The EC key is not on P-256, P-384 or P-521.",
        _ => null,
    };

    /// <param name="issuer">Its name; null for one's own.</param>
    /// <param name="isPublic">See <see cref="CertificateStatus.IsPublic"/>.</param>
    /// <param name="sealedKey">The private key, sealed.</param>
    public CertificateStatus ToStatus(string? issuer, bool isPublic, string sealedKey, DateTimeOffset now) => new()
    {
        Hosts = Hosts, Fingerprint = Fingerprint, Issuer = issuer, IsPublic = isPublic, NotBefore = NotBefore, NotAfter = NotAfter,
        RenewAt = issuer is null ? null : RenewAt(now), AttemptedAt = now, Chain = Chain, PrivateKey = sealedKey,
    };
}
