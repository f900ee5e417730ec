using System.Buffers.Binary;
using System.Buffers.Text;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>The opaque cursors of lists (tenant and entity behind which to go on) and of histories (revision below which to go on).</summary>
internal static class ResourceCursor
{
    private const int PositionBytes = 32;

    public static string Of(EntityRevision last)
    {
        Span<byte> bytes = stackalloc byte[PositionBytes];
        last.Tenant.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        last.Id.Value.TryWriteBytes(bytes[16..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    public static string Of(Revision last)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, last.Value);
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryReadPosition(string cursor, out ScanPosition position)
    {
        Span<byte> bytes = stackalloc byte[PositionBytes];
        position = default;
        if (!TryDecode(cursor, bytes)) return false;
        position = new ScanPosition(new TenantId(new Guid(bytes[..16], bigEndian: true)), new EntityId(new Guid(bytes[16..], bigEndian: true)));
        return true;
    }

    public static bool TryReadRevision(string cursor, out Revision revision)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        revision = default;
        if (!TryDecode(cursor, bytes)) return false;
        revision = new Revision(BinaryPrimitives.ReadInt64BigEndian(bytes));
        return revision > Revision.None;
    }

    private static bool TryDecode(string cursor, Span<byte> bytes) =>
        cursor.Length == Base64Url.GetEncodedLength(bytes.Length)
        && Base64Url.IsValid(cursor)
        && Base64Url.TryDecodeFromChars(cursor, bytes, out var written)
        && written == bytes.Length;
}
