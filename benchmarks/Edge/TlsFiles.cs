using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Edge.Benchmarks;

/// <summary>A certificate of the benchmark's own, as each proxy wants it: ECDSA on P-256, as authorities issue them today.</summary>
/// <param name="Both">The file with both, one after the other.</param>
internal sealed record TlsFiles(string Chain, string Key, string Both)
{
    public static TlsFiles Write(string folder, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        var files = new TlsFiles(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"), Path.Combine(folder, "tls.pem"));
        var (chain, secret) = (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(files.Chain, chain);
        File.WriteAllText(files.Key, secret);
        File.WriteAllText(files.Both, chain + secret);
        return files;
    }
}
