using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Strata.Certificates.Acme;

namespace Strata.Certificates.Tests.Acme;

public class AcmeSignerTests
{
    private static readonly Uri Address = new("https://ca.test/new-order");

    [Fact]
    public void ThumbprintOf_KeyOfTheSpecification_IsItsThumbprint()
    {
        // The key of RFC 7515 appendix A.3.1; its thumbprint computed with Python from RFC 7638 section 3.
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint
            {
                X = Base64Url.DecodeFromChars("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                Y = Base64Url.DecodeFromChars("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            },
        });
        Assert.Equal("oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", AcmeClient.ThumbprintOf(key));
    }

    [Fact]
    public void Sign_Request_IsVerifiable()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = JsonDocument.Parse(new AcmeSigner(key).Sign(Address, "n1", new Uri("https://ca.test/acct/1"), "{}"u8));
        var (head, payload, signature) = (Part(signed, "protected"), Part(signed, "payload"), Part(signed, "signature"));
        Assert.Equal("""{"alg":"ES256","nonce":"n1","url":"https://ca.test/new-order","kid":"https://ca.test/acct/1"}""", Decoded(head));
        Assert.Equal("{}", Decoded(payload));
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{head}.{payload}"), Base64Url.DecodeFromChars(signature),
            HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Fact]
    public void Sign_WithoutAccount_CarriesTheKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = JsonDocument.Parse(new AcmeSigner(key).Sign(Address, "n1", null, []));
        using var head = JsonDocument.Parse(Decoded(Part(signed, "protected")));
        Assert.Equal("EC", head.RootElement.GetProperty("jwk").GetProperty("kty").GetString());
        Assert.False(head.RootElement.TryGetProperty("kid", out _));
        Assert.Equal("", Part(signed, "payload"));
    }

    [Theory]
    [InlineData("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wE", true)]
    [InlineData("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wE=\n", true)]
    [InlineData("zW+DZM6eQGHW/SRTPal5eIUYFTu7EajVIoguysqZ9wE=", true)]
    [InlineData("", false)]
    [InlineData("not a key!", false)]
    public void Bind_HmacKey_IsRead(string hmacKey, bool isRight)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var bound = new AcmeSigner(key).Bind(Address, new AcmeExternalAccount("kid", hmacKey));
        Assert.Equal(isRight, bound.IsOk);
        if (!isRight) Assert.Equal(AcmeErrors.RefusedCode, bound.Error!.Code);
    }

    [Fact]
    public void ExternalAccount_AsText_HidesItsKey() =>
        Assert.DoesNotContain("secret", new AcmeContact("a@b.c", true, new AcmeExternalAccount("kid", "secret")).ToString(),
            StringComparison.Ordinal);

    [Fact]
    public void AcmeSigner_KeyOfAnotherCurve_IsMisuse()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<ArgumentException>(() => new AcmeSigner(key));
    }

    [Fact]
    public void CertificateFor_Name_IsAsTheSpecificationSays()
    {
        var now = new DateTimeOffset(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);
        var digest = SHA256.HashData("key authorization"u8);
        using var certificate = AcmeAlpn.CertificateFor("shop.example.com", digest, now);
        var extension = certificate.Extensions.Single(e => e.Oid!.Value == AcmeAlpn.Extension);
        Assert.True(extension.Critical);
        Assert.Equal(digest, AsnDecoder.ReadOctetString(extension.RawData, AsnEncodingRules.DER, out var read));
        Assert.Equal(extension.RawData.Length, read);
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames();
        Assert.Equal(["shop.example.com"], names);
        Assert.InRange(now, new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        Assert.True(certificate.HasPrivateKey);
    }

    private static string Part(JsonDocument signed, string name) => signed.RootElement.GetProperty(name).GetString()!;

    private static string Decoded(string part) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part));
}
