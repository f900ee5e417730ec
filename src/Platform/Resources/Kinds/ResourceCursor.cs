using System.Buffers.Binary;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>The cursors of lists (tenant and entity after which to continue) and of histories (revision below which to continue).</summary>
internal static class ResourceCursor
{
    private const int PositionBytes = 32;

    /// <param name="scan">The list, whatever its filter.</param>
    public static string Of(Scan scan, EntityRevision last)
    {
        Span<byte> bytes = stackalloc byte[PositionBytes];
        last.Tenant.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        last.Id.Value.TryWriteBytes(bytes[16..], bigEndian: true, out _);
        return ListCursor.Write(Listing(scan), bytes);
    }

    public static string Of(TenantId tenant, EntityId id, Revision last)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, last.Value);
        return ListCursor.Write(Listing(tenant, id), bytes);
    }

    /// <returns>False also for a place outside of the list's tenant.</returns>
    public static bool TryReadPosition(Scan scan, string cursor, out ScanPosition position)
    {
        Span<byte> bytes = stackalloc byte[PositionBytes];
        position = default;
        if (!ListCursor.TryRead(Listing(scan), cursor, bytes)) return false;
        position = new ScanPosition(
            new TenantId(new Guid(bytes[..16], bigEndian: true)), new EntityId(new Guid(bytes[16..], bigEndian: true)));
        return scan.Tenant is not { } tenant || tenant == position.Tenant;
    }

    public static bool TryReadRevision(TenantId tenant, EntityId id, string cursor, out Revision revision)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        revision = default;
        if (!ListCursor.TryRead(Listing(tenant, id), cursor, bytes)) return false;
        revision = new Revision(BinaryPrimitives.ReadInt64BigEndian(bytes));
        return revision > Revision.None;
    }

    private static string Listing(Scan scan) =>
        $"list/{(scan.Tenant is { } tenant ? tenant.ToString() : "*")}/{scan.Model}/{scan.Descending}{(scan.Deleted ? "/deleted" : "")}";

    private static string Listing(TenantId tenant, EntityId id) => $"history/{tenant}/{id}";
}
