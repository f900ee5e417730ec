using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Issuing;

namespace Strata.Certificates.Tests.Issuing;

/// <summary>What a user brings as a certificate of their own.</summary>
public sealed class IssuedCertificateTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);

    private readonly TestAuthority authority = new(Now);

    public void Dispose() => authority.Dispose();

    [Fact]
    public void Check_TakesEcAndRsa_WithTheirChain()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        foreach (AsymmetricAlgorithm key in new AsymmetricAlgorithm[] { ec, rsa })
        {
            var checkedOne = Check(Leaf(key, "a.example.com", "*.example.org") + authority.RootPem, key.ExportPkcs8PrivateKeyPem());
            Assert.Equal(["a.example.com", "*.example.org"], checkedOne.Value.Hosts);
            Assert.Equal(2, checkedOne.Value.Chain.Split("BEGIN CERTIFICATE").Length - 1);
        }
        Assert.True(Check(Leaf(ec, "a.example.com"), ec.ExportECPrivateKeyPem()).IsOk);
        Assert.True(Check(Leaf(rsa, "a.example.com"), rsa.ExportRSAPrivateKeyPem()).IsOk);
    }

    [Fact]
    public void Check_SaysWhatIsWrong()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (leaf, pem) = (Leaf(key, "a.example.com"), key.ExportPkcs8PrivateKeyPem());
        Refused("not that of the first", leaf, other.ExportPkcs8PrivateKeyPem());
        Refused("that of certificate 2", authority.RootPem + "\n" + leaf, pem);
        Refused("has not signed", leaf + leaf, pem);
        Refused("not one to ten certificates", "nonsense", pem);
        Refused("not one to ten certificates", string.Concat(Enumerable.Repeat(leaf, 11)), pem);
        Refused("encrypted with a password", leaf, key.ExportEncryptedPkcs8PrivateKeyPem(
            "secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        Refused("not an RSA or EC key", leaf, "nonsense");
        Refused("has expired", Pem(authority.Issue(new PublicKey(key), ["a.example.com"], from: -9, until: -1)), pem);
        Refused("valid only from", Pem(authority.Issue(new PublicKey(key), ["a.example.com"], from: 1, until: 9)), pem);
        Refused("names no host", Pem(authority.Issue(new PublicKey(key), ["10.0.0.1"])), pem);
        Refused("more than 100 hosts", Leaf(key, [.. Enumerable.Range(0, 101).Select(i => $"h{i}.example.com")]), pem);
    }

    /// <summary>Edges sign with it in each handshake that anyone begins.</summary>
    [Fact]
    public void Check_RefusesKeysThatCostTooMuch_OrThatNoBrowserTakes()
    {
        using var small = RSA.Create(1024);
        Refused("fewer than 2048 bits", Leaf(small, "a.example.com"), small.ExportPkcs8PrivateKeyPem());
        using var large = RSA.Create(5120);
        Refused("more than 4096 bits", Leaf(large, "a.example.com"), large.ExportPkcs8PrivateKeyPem());
        using var odd = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10")); // secp256k1
        Refused("not on P-256", Leaf(odd, "a.example.com"), odd.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>They reach terminals, and the edge's table.</summary>
    [Theory]
    [InlineData("evil.example.com victim.example.com")]
    [InlineData("a\u001b[31m.example.com")]
    [InlineData("*")]
    [InlineData("*.*.example.com")]
    [InlineData(".")]
    public void Check_LeavesOutNamesThatAreNone(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(""), key, HashAlgorithmName.SHA256);
        var names = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (names.PushSequence())
            foreach (var text in new[] { name, "Good.example.com" })
                names.WriteCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, text,
                    new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 2));
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", names.Encode(), critical: false));
        using var leaf = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(30));
        Assert.Equal(["good.example.com"], Check(Pem(leaf), key.ExportPkcs8PrivateKeyPem()).Value.Hosts);
    }

    private static Core.Result<IssuedCertificate> Check(string chain, string key) => IssuedCertificate.Check(chain, key, Now);

    private static void Refused(string why, string chain, string key)
    {
        var fault = Check(chain, key);
        Assert.False(fault.IsOk);
        Assert.Equal("CERTIFICATE_INVALID", fault.Error.Code);
        Assert.Contains(why, fault.Error.Message);
        Assert.NotNull(fault.Error.NextStep);
    }

    private string Leaf(AsymmetricAlgorithm key, params string[] hosts)
    {
        var subject = key is RSA rsa ? new PublicKey(rsa) : new PublicKey((ECDsa)key);
        return Pem(authority.Issue(subject, hosts));
    }

    private static string Pem(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n";
}
