using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Strata.Core;

/// <summary>Names a blob by its content: <c>sha256:</c> and 64 lower-case hexadecimal digits, as in the OCI image specification.</summary>
public readonly record struct Digest
{
    public const string Prefix = "sha256:";
    private const int HexLength = 64;
    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdef");

    private Digest(string hex) => Hex = hex;

    /// <summary>The 64 digits.</summary>
    public string Hex { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.Length != Prefix.Length + HexLength || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        if (text.AsSpan(Prefix.Length).ContainsAnyExcept(HexDigits)) return false;
        digest = new Digest(text[Prefix.Length..]);
        return true;
    }

    public static Digest Of(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    public static Digest FromHash(ReadOnlySpan<byte> hash) => new(Convert.ToHexStringLower(hash));

    public override string ToString() => Prefix + Hex;
}
