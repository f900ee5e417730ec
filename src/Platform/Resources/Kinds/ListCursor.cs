using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Resources.Kinds;

/// <summary>
/// The opaque cursors of pages: where to continue, and a checksum over that and the listing that gave it out. One of another listing, or
/// one that was altered, is refused. The checksum has no key: a caller who computes one gets another page of the same listing, which they
/// may read anyway, so what a cursor holds is never more than a place in its own listing.
/// </summary>
public static class ListCursor
{
    private const int ChecksumBytes = 8;
    private const int PositionBytesMax = 32;

    /// <param name="listing">Everything that makes the listing what it is: what is listed, whose, in which order.</param>
    public static string Write(string listing, ReadOnlySpan<byte> position)
    {
        Span<byte> bytes = stackalloc byte[ChecksumBytes + PositionBytesMax];
        bytes = bytes[..(ChecksumBytes + position.Length)];
        Checksum(listing, position, bytes);
        position.CopyTo(bytes[ChecksumBytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <returns>False where that listing did not give it out.</returns>
    public static bool TryRead(string listing, string cursor, Span<byte> position)
    {
        Span<byte> bytes = stackalloc byte[ChecksumBytes + PositionBytesMax];
        bytes = bytes[..(ChecksumBytes + position.Length)];
        if (cursor.Length != Base64Url.GetEncodedLength(bytes.Length) || !Base64Url.IsValid(cursor)) return false;
        if (!Base64Url.TryDecodeFromChars(cursor, bytes, out var written) || written != bytes.Length) return false;
        Span<byte> expected = stackalloc byte[ChecksumBytes];
        Checksum(listing, bytes[ChecksumBytes..], expected);
        bytes[ChecksumBytes..].CopyTo(position);
        // Compared as text too: unused bits of the last character do not make another cursor.
        return expected.SequenceEqual(bytes[..ChecksumBytes]) && Base64Url.EncodeToString(bytes) == cursor;
    }

    private static void Checksum(string listing, ReadOnlySpan<byte> position, Span<byte> checksum)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData([.. Encoding.UTF8.GetBytes(listing), 0, .. position], hash);
        hash[..ChecksumBytes].CopyTo(checksum);
    }
}
