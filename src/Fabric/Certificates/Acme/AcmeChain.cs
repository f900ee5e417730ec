using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>The request for a certificate, and the check that what was issued is what was asked for.</summary>
internal static class AcmeChain
{
    private const int CertificatesMax = 10;

    /// <summary>
    /// A certificate authority may issue for the very second at which it signs, and its clock may be ahead of this one. To refuse such a
    /// certificate would cost another order, of which authorities grant few.
    /// </summary>
    private static readonly TimeSpan clockSkew = TimeSpan.FromMinutes(5);

    /// <summary>A certificate signing request, DER: the names as alternative names, and no subject.</summary>
    /// <exception cref="ArgumentException">The key is neither ECDSA nor RSA.</exception>
    public static byte[] RequestFor(IReadOnlyList<string> names, AsymmetricAlgorithm key)
    {
        var noName = new X500DistinguishedName("");
        var request = key switch
        {
            ECDsa ecdsa => new CertificateRequest(noName, ecdsa, HashAlgorithmName.SHA256),
            RSA rsa => new CertificateRequest(noName, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => throw new ArgumentException("The key of a certificate is ECDSA or RSA.", nameof(key)),
        };
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names) alternatives.AddDnsName(name);
        request.CertificateExtensions.Add(alternatives.Build());
        return request.CreateSigningRequest();
    }

    /// <summary>The chain, where its leaf is for this key, covers every name and is valid now.</summary>
    public static Result<AcmeCertificate> Check(AcmeReply reply, AsymmetricAlgorithm key, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(Encoding.Latin1.GetString(reply.Body));
            return Fault(chain, key, names, now) is { } fault
                ? AcmeErrors.InvalidAnswer(reply.Address, fault)
                // Written again, so that nothing but certificates is kept.
                : new AcmeCertificate(chain.ExportCertificatePems() + "\n", Utc(chain[0].NotBefore), Utc(chain[0].NotAfter));
        }
        catch (CryptographicException)
        {
            return AcmeErrors.InvalidAnswer(reply.Address, "the certificate cannot be read");
        }
        finally
        {
            foreach (var certificate in chain) certificate.Dispose();
        }
    }

    private static string? Fault(X509Certificate2Collection chain, AsymmetricAlgorithm key, IReadOnlyList<string> names, DateTimeOffset now)
    {
        if (chain.Count is 0 or > CertificatesMax) return $"the chain is not of 1 to {CertificatesMax} certificates in PEM";
        var leaf = chain[0];
        if (!leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            return "the certificate is for another key";
        var covered = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (names.FirstOrDefault(n => !covered.Contains(n)) is { } missing) return $"the certificate does not cover {missing}";
        if (Utc(leaf.NotBefore) > now + clockSkew) return $"the certificate is not valid before {Utc(leaf.NotBefore):u}";
        return Utc(leaf.NotAfter) <= now ? $"the certificate has been invalid since {Utc(leaf.NotAfter):u}" : null;
    }

    private static DateTimeOffset Utc(DateTime local) => new DateTimeOffset(local).ToUniversalTime();
}
