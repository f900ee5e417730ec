using System.Security.Cryptography;

namespace Strata.Agent.Images;

/// <summary>Digests as the OCI writes them: <c>sha256:</c> and 64 hexadecimal digits.</summary>
internal static class Digests
{
    private const string Prefix = "sha256:";

    public static bool IsValid(string? digest) =>
        digest?.Length == Prefix.Length + 64 && digest.StartsWith(Prefix, StringComparison.Ordinal) && digest[Prefix.Length..].All(char.IsAsciiHexDigitLower);

    public static string Of(ReadOnlySpan<byte> content) => Prefix + Convert.ToHexStringLower(SHA256.HashData(content));

    public static string Of(IncrementalHash hash) => Prefix + Convert.ToHexStringLower(hash.GetHashAndReset());

    /// <summary>Of a valid digest, as a file's name.</summary>
    public static string FileName(string digest) => digest.Replace(':', '-');
}
