using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// Log lines of builds and instances: not entities, kept apart and bounded. A stream is named by the entity that it belongs to. Past
/// <see cref="BytesPerStreamMax"/> the oldest chunks of a stream are dropped.
/// </summary>
public interface ILines
{
    public const long BytesPerStreamMax = 4 * 1024 * 1024;

    /// <summary>Bytes of one chunk at most; what is longer is refused with TOO_LARGE.</summary>
    public const int ChunkBytesMax = 256 * 1024;

    /// <summary>Bytes after which a page ends; the chunk that reaches them is the last one of the page.</summary>
    public const int PageBytesMax = 1024 * 1024;

    /// <summary>Appends UTF-8 text of whole lines; returns its position in the stream, counted from 1.</summary>
    ValueTask<long> AppendAsync(TenantId tenant, EntityId stream, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken);

    /// <summary>
    /// Chunks behind a position, oldest first: a page of at most <paramref name="limit"/>, bounded by <see cref="PageBytesMax"/>.
    /// </summary>
    ValueTask<IReadOnlyList<LineChunk>> ReadAsync(
        TenantId tenant, EntityId stream, long after, int limit, CancellationToken cancellationToken);

    ValueTask DeleteAsync(TenantId tenant, EntityId stream, CancellationToken cancellationToken);

    /// <summary>
    /// Calls back soon after lines were appended to any stream, by this server or another, on a thread that must not be held. Wake-ups may
    /// come twice, be merged or lost (a follower also polls, seldom), never invented. Dispose to stop.
    /// </summary>
    IDisposable OnAppend(Action<LinesAppended> wake);
}

/// <summary>That a stream has grown.</summary>
/// <param name="Position">Of the newest chunk.</param>
public readonly record struct LinesAppended(TenantId Tenant, EntityId Stream, long Position);

public sealed record LineChunk(long Position, DateTimeOffset At, ReadOnlyMemory<byte> Lines);
