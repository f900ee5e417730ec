using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.TestSupport;

/// <summary>A certificate authority of a test's own. All keys are made for one test and valid around the given time.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly TimeSpan Margin = TimeSpan.FromDays(400);
    private readonly X509Certificate2 root;
    private readonly DateTimeOffset now;

    public TestAuthority(DateTimeOffset now)
    {
        this.now = now;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        root = request.CreateSelfSigned(now - Margin, now + Margin);
    }

    public string RootPem => root.ExportCertificatePem();

    /// <summary>A certificate for a key and names, DNS names or addresses.</summary>
    /// <param name="from">Days from now; 0: now.</param>
    public X509Certificate2 Issue(PublicKey key, IEnumerable<string> names, double from = -1, double until = 90)
    {
        var request = new CertificateRequest(new X500DistinguishedName(""), key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address)) alternatives.AddIpAddress(address);
            else alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, true, false));
        using var rootKey = root.GetECDsaPrivateKey()!;
        return request.Create(
            root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), now.AddDays(from), now.AddDays(until),
            Guid.CreateVersion7(now).ToByteArray(bigEndian: true));
    }

    /// <summary>Files of a TLS server: its certificate and its key, in PEM.</summary>
    public (string Certificate, string Key) WriteServer(string folder, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue(new PublicKey(key), names);
        var files = (Path.Combine(folder, "server.pem"), Path.Combine(folder, "server-key.pem"));
        File.WriteAllText(files.Item1, certificate.ExportCertificatePem());
        File.WriteAllText(files.Item2, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    public void Dispose() => root.Dispose();
}
