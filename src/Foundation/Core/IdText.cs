namespace Strata.Core;

/// <summary>
/// The text form of a resource's id: a prefix that names the kind, an underscore, and the UUID in 26 characters of
/// Crockford's base 32 (lower case, no i l o u), for example <c>dep_01k9x3v7m8e2q4r6t8v0w2y4z6</c>. It sorts by time as the UUID does.
/// </summary>
public static class IdText
{
    public const int EncodedLength = 26;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public static string Format(string prefix, Guid id) =>
        string.Create(prefix.Length + 1 + EncodedLength, (prefix, id), static (span, x) =>
    {
        x.prefix.CopyTo(span);
        span[x.prefix.Length] = '_';
        Encode(x.id, span[(x.prefix.Length + 1)..]);
    });

    /// <summary>Reads an id with exactly this prefix; false for anything else.</summary>
    public static bool TryParse(string prefix, ReadOnlySpan<char> text, out Guid id)
    {
        id = default;
        return text.Length == prefix.Length + 1 + EncodedLength
            && text.StartsWith(prefix, StringComparison.Ordinal)
            && text[prefix.Length] == '_'
            && TryDecode(text[(prefix.Length + 1)..], out id);
    }

    /// <summary>26 characters of base 32 for a UUID; the first carries three bits.</summary>
    public static void Encode(Guid id, Span<char> target)
    {
        var bits = ToUInt128(id);
        for (var i = EncodedLength - 1; i >= 0; i--, bits >>= 5) target[i] = Alphabet[(int)(bits & 31)];
    }

    public static bool TryDecode(ReadOnlySpan<char> text, out Guid id)
    {
        id = default;
        if (text.Length != EncodedLength || text[0] > '7') return false;
        UInt128 bits = 0;
        foreach (var c in text)
        {
            var digit = Alphabet.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0) return false;
            bits = (bits << 5) | (uint)digit;
        }
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        id = new Guid(bytes, bigEndian: true);
        return true;
    }

    private static UInt128 ToUInt128(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
