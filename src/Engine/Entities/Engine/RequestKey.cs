using System.Buffers.Binary;
using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Entities.Engine;

/// <summary>Names a request, so that it takes effect once however often it is sent.</summary>
/// <param name="Commit">The id of the commit that it makes (its first, where it makes several), so that the outcome can be found in the
/// log.</param>
/// <param name="Fingerprint">Of all that was asked for; kept with each revision as an audit event REQUEST, so that a key used for something
/// else is noticed.</param>
public sealed record RequestKey(CommitId Commit, string Fingerprint)
{
    private const int IdBytes = 16;
    private const int SeedBytes = IdBytes + sizeof(int);
    private const int PartMax = 0xfff;
    private const int OrdinalMax = 0x3fff;

    /// <summary>
    /// Milliseconds since 1970 at which the client made the key, where the key says so. Ids of new entities are ordered by it, as fresh ids
    /// are by their time.
    /// </summary>
    public long? MadeAtMs { get; init; }

    /// <summary>Which commit of the request, from 0.</summary>
    public int Part { get; init; }

    /// <summary>
    /// The id of a new entity: the same for the same commit and ordinal. With a time it has the layout of a UUID of version 7: the time,
    /// the part, the ordinal, then 48 bits of a digest; without one it is a digest (version 8), in no order.
    /// </summary>
    public EntityId EntityIdAt(int ordinal)
    {
        Span<byte> seed = stackalloc byte[SeedBytes];
        Commit.Value.TryWriteBytes(seed, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(seed[IdBytes..], ordinal);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(seed, hash);
        var id = hash[..IdBytes];
        if (MadeAtMs is { } ms)
        {
            BinaryPrimitives.WriteUInt64BigEndian(id, ((ulong)ms << 16) | 0x7000UL | (uint)Math.Min(Part, PartMax));
            BinaryPrimitives.WriteUInt16BigEndian(id[8..], (ushort)(0x8000 | Math.Min(ordinal, OrdinalMax)));
        }
        else
        {
            id[6] = (byte)((id[6] & 0x0f) | 0x80);
            id[8] = (byte)((id[8] & 0x3f) | 0x80);
        }
        return new EntityId(new Guid(id, bigEndian: true));
    }
}
