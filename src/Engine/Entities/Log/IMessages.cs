using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// Messages: payloads of any size beside the log, kept and read in pieces, so that none is ever whole in memory. A message is there once it
/// is saved, and whole; pieces of an upload that never was are removed in time. Every member is safe for concurrent use. Failures as in
/// <see cref="IEntityLog"/>.
/// </summary>
public interface IMessages
{
    /// <summary>Bytes of one piece at most.</summary>
    public const int PieceBytesMax = 256 * 1024;

    /// <summary>An upload that was not saved by then is given up, and a deletion's request forgotten.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    /// <summary>Keeps a piece of an upload that is not visible yet; storing the same piece again changes nothing.</summary>
    /// <param name="upload">Unique to one attempt.</param>
    /// <param name="position">From 0, without gaps.</param>
    ValueTask KeepAsync(TenantId tenant, Guid upload, int position, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken);

    /// <summary>
    /// Saves a message with the last piece of its upload. False if a message with that id exists already, or the upload was abandoned.
    /// </summary>
    ValueTask<bool> SaveAsync(TenantId tenant, Message message, ReadOnlyMemory<byte> lastPiece, CancellationToken cancellationToken);

    /// <summary>Removes the pieces of an upload that will not be saved.</summary>
    ValueTask DropAsync(TenantId tenant, Guid upload, CancellationToken cancellationToken);

    ValueTask<Message?> FindAsync(TenantId tenant, EntityId id, CancellationToken cancellationToken);

    /// <summary>One piece of a message's payload; null where the message was deleted meanwhile.</summary>
    ValueTask<ReadOnlyMemory<byte>?> ReadAsync(TenantId tenant, Guid upload, int position, CancellationToken cancellationToken);

    /// <summary>Deletes those that are there, all in one transaction, and returns them.</summary>
    /// <param name="request">Remembered with what was deleted, if anything was; null: no need to.</param>
    ValueTask<IReadOnlyList<EntityId>> DeleteAsync(
        TenantId tenant, IReadOnlyCollection<EntityId> ids, RequestOfDeletion? request, CancellationToken cancellationToken);

    /// <summary>What a request deleted before, or null.</summary>
    ValueTask<MessageDeletion?> FindDeletionAsync(TenantId tenant, CommitId request, CancellationToken cancellationToken);
}

/// <summary>One message but for its payload.</summary>
/// <param name="Upload">The attempt that brought its pieces.</param>
/// <param name="Pieces">How many there are.</param>
/// <param name="PayloadBytes">Of all of them.</param>
/// <param name="Transaction">The transaction id that was returned to the sender.</param>
/// <param name="Head">A JSON object without the payload.</param>
/// <param name="Fingerprint">Of the request that brought it; null where it had no Idempotency-Key.</param>
public sealed record Message(
    EntityId Id, Guid Upload, int Pieces, long PayloadBytes, CommitId Transaction, JsonText Head, string? Fingerprint);

/// <summary>Names a deletion, so that it is answered again alike.</summary>
public readonly record struct RequestOfDeletion(CommitId Id, string Fingerprint);

/// <summary>What a deletion removed.</summary>
public sealed record MessageDeletion(string Fingerprint, IReadOnlyList<EntityId> Ids);
