using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using NSec.Cryptography;

namespace Strata.Identity.Keys;

/// <summary>What differs between the algorithms of the cloud's key pairs: how a pair is made, opened and published.</summary>
internal static class KeyMaterial
{
    private const int RsaBits = 2048;
    private const int IdBytes = 16;

    /// <returns>The private half in PKCS #8, the public one as SubjectPublicKeyInfo; both in DER.</returns>
    public static (byte[] Private, byte[] Public) Make(string algorithm)
    {
        switch (algorithm)
        {
            case KeyPairKind.Es256:
                using (var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                    return (ec.ExportPkcs8PrivateKey(), ec.ExportSubjectPublicKeyInfo());
            case KeyPairKind.EdDsa:
                using (var key = Key.Create(
                    SignatureAlgorithm.Ed25519, new() { ExportPolicy = KeyExportPolicies.AllowPlaintextExport }))
                    return (key.Export(KeyBlobFormat.PkixPrivateKey), key.Export(KeyBlobFormat.PkixPublicKey));
            default:
                using (var rsa = RSA.Create(RsaBits)) return (rsa.ExportPkcs8PrivateKey(), rsa.ExportSubjectPublicKeyInfo());
        }
    }

    /// <summary>Ready to sign and to verify with.</summary>
    public static SecurityKey Open(string algorithm, ReadOnlySpan<byte> pkcs8, string keyId)
    {
        switch (algorithm)
        {
            case KeyPairKind.Es256:
                var ec = ECDsa.Create();
                ec.ImportPkcs8PrivateKey(pkcs8, out _);
                return new ECDsaSecurityKey(ec) { KeyId = keyId };
            case KeyPairKind.EdDsa:
                var ed = Key.Import(SignatureAlgorithm.Ed25519, pkcs8, KeyBlobFormat.PkixPrivateKey);
                return new Ed25519SecurityKey(ed) { KeyId = keyId };
            default:
                var rsa = RSA.Create();
                rsa.ImportPkcs8PrivateKey(pkcs8, out _);
                return new RsaSecurityKey(rsa) { KeyId = keyId };
        }
    }

    /// <summary>As the contract has it: the first bytes of the SHA-256 of the SubjectPublicKeyInfo, in hex.</summary>
    public static string IdOf(byte[] subjectPublicKeyInfo) =>
        Convert.ToHexStringLower(SHA256.HashData(subjectPublicKeyInfo).AsSpan(0, IdBytes));
}
