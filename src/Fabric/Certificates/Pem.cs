using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Certificates;

/// <summary>Certificates and keys as text.</summary>
internal static class Pem
{
    private const int CertificatesMax = 10;

    public static bool HasCertificates(string text)
    {
        var has = TryReadChain(text, out var chain);
        Dispose(chain);
        return has;
    }

    /// <param name="chain">Dispose of it where it is one.</param>
    /// <returns>False where the text is not one to ten certificates in PEM.</returns>
    public static bool TryReadChain(string text, out X509Certificate2Collection chain)
    {
        chain = [];
        try
        {
            chain.ImportFromPem(text);
            if (chain.Count is > 0 and <= CertificatesMax) return true;
        }
        catch (CryptographicException)
        {
            // Below: those before the one that cannot be read.
        }
        Dispose(chain);
        chain = [];
        return false;
    }

    public static void Dispose(X509Certificate2Collection chain)
    {
        foreach (var certificate in chain) certificate.Dispose();
    }

    /// <summary>Reads an unencrypted RSA or EC key: PKCS #8, PKCS #1 or SEC 1.</summary>
    /// <returns>Null where it is none.</returns>
    public static AsymmetricAlgorithm? ReadKey(string text)
    {
        foreach (var create in (Func<AsymmetricAlgorithm>[])[ECDsa.Create, RSA.Create])
        {
            var key = create();
            try
            {
                key.ImportFromPem(text);
                return key;
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                key.Dispose();
            }
        }
        return null;
    }

    public static string Of(IEnumerable<X509Certificate2> chain) => string.Concat(chain.Select(c => c.ExportCertificatePem() + "\n"));

    public static string OfKey(ReadOnlySpan<byte> pkcs8) => PemEncoding.WriteString("PRIVATE KEY", pkcs8) + "\n";

    /// <summary>The host names that a certificate is for, in lower case; what is no name of a host is left out.</summary>
    public static IReadOnlyList<string> HostsOf(X509Certificate2 certificate)
    {
        try
        {
            return [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())
                .Select(n => n.ToLowerInvariant()).Where(Kinds.CertificateKinds.IsHost).Distinct()];
        }
        catch (CryptographicException)
        {
            return [];
        }
    }
}
