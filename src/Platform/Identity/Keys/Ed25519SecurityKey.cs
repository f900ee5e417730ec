using Microsoft.IdentityModel.Tokens;
using NSec.Cryptography;

namespace Strata.Identity.Keys;

/// <summary>
/// An Ed25519 key for Microsoft.IdentityModel (RFC 8037, algorithm EdDSA): .NET has no class for it, so libsodium signs and verifies.
/// </summary>
internal sealed class Ed25519SecurityKey : AsymmetricSecurityKey
{
    public const string Curve = "Ed25519";
    private const int Bits = 256;

    private static readonly Provider Crypto = new();

    private readonly Key? key;

    /// <summary>Verifies only.</summary>
    public Ed25519SecurityKey(PublicKey publicKey)
    {
        PublicKey = publicKey;
        CryptoProviderFactory = new CryptoProviderFactory { CustomCryptoProvider = Crypto, CacheSignatureProviders = false };
    }

    public Ed25519SecurityKey(Key key) : this(key.PublicKey) => this.key = key;

    public PublicKey PublicKey { get; }

    public override int KeySize => Bits;

    public override PrivateKeyStatus PrivateKeyStatus => key is null ? PrivateKeyStatus.DoesNotExist : PrivateKeyStatus.Exists;

    [Obsolete("The library's own replacement is PrivateKeyStatus.")]
    public override bool HasPrivateKey => key is not null;

    /// <summary>By its 32 bytes; null for those that are no point of the curve.</summary>
    public static Ed25519SecurityKey? TryImport(ReadOnlySpan<byte> raw) =>
        NSec.Cryptography.PublicKey.TryImport(SignatureAlgorithm.Ed25519, raw, KeyBlobFormat.RawPublicKey, out var read)
            ? new Ed25519SecurityKey(read!) : null;

    private sealed class Provider : ICryptoProvider
    {
        public bool IsSupportedAlgorithm(string algorithm, params object[] args) =>
            algorithm == KeyPairKind.EdDsa && args is [Ed25519SecurityKey, ..] or [];

        public object Create(string algorithm, params object[] args) =>
            new Signatures((Ed25519SecurityKey)args[0], algorithm);

        public void Release(object cryptoInstance) => (cryptoInstance as IDisposable)?.Dispose();
    }

    private sealed class Signatures(Ed25519SecurityKey key, string algorithm) : SignatureProvider(key, algorithm)
    {
        private static readonly Ed25519 Ed25519 = SignatureAlgorithm.Ed25519;

        public override byte[] Sign(byte[] input) => Ed25519.Sign(Private, input);

        public override byte[] Sign(byte[] input, int offset, int count) => Ed25519.Sign(Private, input.AsSpan(offset, count));

        public override bool Sign(ReadOnlySpan<byte> data, Span<byte> destination, out int bytesWritten)
        {
            bytesWritten = Ed25519.SignatureSize;
            if (destination.Length < bytesWritten) return false;
            Ed25519.Sign(Private, data, destination[..bytesWritten]);
            return true;
        }

        public override bool Verify(byte[] input, byte[] signature) => Ed25519.Verify(key.PublicKey, input, signature);

        public override bool Verify(
            byte[] input, int inputOffset, int inputLength, byte[] signature, int signatureOffset, int signatureLength) =>
            Ed25519.Verify(
                key.PublicKey, input.AsSpan(inputOffset, inputLength), signature.AsSpan(signatureOffset, signatureLength));

        protected override void Dispose(bool disposing)
        {
            // The key is not this object's.
        }

        private Key Private => key.key ?? throw new InvalidOperationException("The key only verifies.");
    }
}
