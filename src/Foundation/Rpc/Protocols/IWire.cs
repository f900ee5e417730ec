using System.Buffers;
using Grpc.Core;

namespace Strata.Rpc.Protocols;

/// <summary>
/// One call in the protocol that its client speaks: messages in, messages out, an end. Everything above is the same for all protocols.
/// Receives and sends may run at the same time; two receives, or two sends, may not.
/// </summary>
internal interface IWire
{
    /// <summary>Messages are JSON.</summary>
    bool IsJson { get; }

    /// <summary>How long the client waits; null: as long as it takes.</summary>
    TimeSpan? Timeout { get; }

    /// <returns>Null when the client has sent all. Good until the next call.</returns>
    ValueTask<ReadOnlySequence<byte>?> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>As <see cref="ReceiveAsync"/>, if a message has already arrived; false: the caller must wait.</summary>
    bool TryReceive(out ReadOnlySequence<byte>? message)
    {
        message = null;
        return false;
    }

    /// <summary>Ends when the client's flow control has taken it; the bytes are copied when it returns.</summary>
    /// <param name="isLast">The end follows at once, and may be sent together with it.</param>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, bool mayCompress, bool isLast, CancellationToken cancellationToken);

    /// <summary>Sends the head alone.</summary>
    ValueTask SendHeadAsync(Metadata headers);

    /// <summary>The last word: status and trailers. Whatever was not sent yet goes before it.</summary>
    ValueTask EndAsync(Status status, Metadata trailers);
}
