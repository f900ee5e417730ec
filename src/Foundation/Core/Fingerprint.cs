using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Core;

/// <summary>How certificates are named: SHA-256 of the whole in lower-case hex, 64 characters, as browsers and openssl show it.</summary>
public static class Fingerprint
{
    public const int Length = 64;

    public static string Of(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant();

    public static bool IsValid(string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}
