using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Messages in memory, for tests. One lock; uploads that were cut off stay until the process ends.</summary>
public sealed class MemoryMessages : IMessages
{
    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId, Guid), SortedDictionary<int, byte[]>> uploads = [];
    private readonly Dictionary<(TenantId, EntityId), Message> messages = [];
    private readonly Dictionary<(TenantId, CommitId), MessageDeletion> deletions = [];

    public ValueTask KeepAsync(TenantId tenant, Guid upload, int position, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        MessageGuard.Check(piece.Length);
        lock (gate) Keep(tenant, upload, position, piece);
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> SaveAsync(TenantId tenant, Message message, ReadOnlyMemory<byte> lastPiece, CancellationToken cancellationToken)
    {
        MessageGuard.Check(lastPiece.Length);
        lock (gate)
        {
            var isUpload = message.Pieces == 1 || uploads.ContainsKey((tenant, message.Upload));
            if (!isUpload || !messages.TryAdd((tenant, message.Id), message)) return ValueTask.FromResult(false);
            Keep(tenant, message.Upload, message.Pieces - 1, lastPiece);
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask DropAsync(TenantId tenant, Guid upload, CancellationToken cancellationToken)
    {
        lock (gate) uploads.Remove((tenant, upload));
        return ValueTask.CompletedTask;
    }

    public ValueTask<Message?> FindAsync(TenantId tenant, EntityId id, CancellationToken cancellationToken)
    {
        lock (gate) return ValueTask.FromResult(messages.GetValueOrDefault((tenant, id)));
    }

    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(TenantId tenant, Guid upload, int position, CancellationToken cancellationToken)
    {
        lock (gate)
            return ValueTask.FromResult(uploads.TryGetValue((tenant, upload), out var pieces) && pieces.TryGetValue(position, out var piece)
                ? piece : (ReadOnlyMemory<byte>?)null);
    }

    public ValueTask<IReadOnlyList<EntityId>> DeleteAsync(
        TenantId tenant, IReadOnlyCollection<EntityId> ids, RequestOfDeletion? request, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var gone = new List<EntityId>();
            foreach (var id in ids)
            {
                if (!messages.Remove((tenant, id), out var message)) continue;
                uploads.Remove((tenant, message.Upload));
                gone.Add(id);
            }
            if (request is { } asked && gone.Count > 0) deletions.TryAdd((tenant, asked.Id), new MessageDeletion(asked.Fingerprint, gone));
            return ValueTask.FromResult<IReadOnlyList<EntityId>>(gone);
        }
    }

    public ValueTask<MessageDeletion?> FindDeletionAsync(TenantId tenant, CommitId request, CancellationToken cancellationToken)
    {
        lock (gate) return ValueTask.FromResult(deletions.GetValueOrDefault((tenant, request)));
    }

    private void Keep(TenantId tenant, Guid upload, int position, ReadOnlyMemory<byte> piece)
    {
        if (!uploads.TryGetValue((tenant, upload), out var pieces)) uploads.Add((tenant, upload), pieces = []);
        pieces.TryAdd(position, piece.ToArray());
    }
}
