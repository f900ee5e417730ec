using System.Buffers;
using System.IO.Pipelines;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Messages;

/// <summary>
/// Brings one message's body into the store, a piece at a time. Invariant: what is in memory is one piece, the metadata, and what the
/// connection has buffered. Fails without a trace: its pieces are dropped. Not for concurrent use.
/// </summary>
internal sealed class MessageUpload(IMessages messages, TenantId tenant, Guid upload, long bytesMax) : IDisposable
{
    private readonly byte[] piece = ArrayPool<byte>.Shared.Rent(IMessages.PieceBytesMax);
    private MessageBody? body;
    private bool isLent;
    private int kept;
    private long payloadBytes;
    private long bodyBytes;

    /// <summary>Reads the body to its end and stores all of the payload except its last piece.</summary>
    public async ValueTask<Error?> ReadAsync(PipeReader reader, KeyedRequest? keyed, CancellationToken cancellationToken)
    {
        body = new MessageBody(piece, IMessages.PieceBytesMax);
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            try
            {
                if (await TakeAsync(read.Buffer, keyed, cancellationToken) is { } fault) return fault;
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End); // whatever happened: the rest of the body must be readable, to be passed over
            }
            if (read.IsCompleted) return bodyBytes == 0 ? ApiErrors.BodyValue("payload", "a JSON value") : body.Check();
        }
    }

    /// <summary>Saves what was read. False if a message with that id already exists.</summary>
    public async ValueTask<bool> SaveAsync(
        EntityId id, CommitId transaction, MessageHead head, string? fingerprint, CancellationToken cancellationToken)
    {
        var text = head.Write(bodyBytes, body!.MetaData);
        var message = new Message(id, upload, kept + 1, payloadBytes + body.Waiting, transaction, text, fingerprint);
        isLent = true;
        var isNew = await messages.SaveAsync(tenant, message, piece.AsMemory(0, body.Waiting), cancellationToken);
        isLent = false;
        return isNew;
    }

    public async ValueTask DropAsync()
    {
        if (kept > 0) await messages.DropAsync(tenant, upload, CancellationToken.None);
    }

    /// <summary>
    /// A store that failed may still have the piece: it is not given to another upload, whose bytes would be written instead.
    /// </summary>
    public void Dispose()
    {
        if (!isLent) ArrayPool<byte>.Shared.Return(piece);
    }

    private async ValueTask<Error?> TakeAsync(ReadOnlySequence<byte> buffer, KeyedRequest? keyed, CancellationToken cancellationToken)
    {
        foreach (var segment in buffer)
        {
            if ((bodyBytes += segment.Length) > bytesMax) return ApiErrors.TooLarge(bytesMax);
            keyed?.Append(segment.Span);
            if (await TakeAsync(segment, cancellationToken) is { } fault) return fault;
        }
        return null;
    }

    private async ValueTask<Error?> TakeAsync(ReadOnlyMemory<byte> segment, CancellationToken cancellationToken)
    {
        while (!segment.IsEmpty)
        {
            if (body!.IsFull) await KeepAsync(cancellationToken);
            if (!body.Take(segment.Span).TryGet(out var taken, out var fault)) return fault;
            segment = segment[taken..];
        }
        return null;
    }

    private async ValueTask KeepAsync(CancellationToken cancellationToken)
    {
        isLent = true;
        await messages.KeepAsync(tenant, upload, kept, piece.AsMemory(0, body!.Waiting), cancellationToken);
        isLent = false;
        kept++;
        payloadBytes += body.Waiting;
        body.Empty();
    }
}
