using System.Buffers;
using Grpc.Core;
using Strata.Rpc.Protocols;

namespace Strata.Rpc.Serving;

/// <summary>What the client sends, message by message, as the handler asks for it: a handler that does not ask holds the client back.</summary>
internal sealed class RequestStream<T>(IWire wire, Messages<T> messages, CancellationToken over) : IAsyncStreamReader<T> where T : class
{
    public T Current { get; private set; } = null!;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (await ReceiveAsync(cancellationToken) is not { } bytes) return false;
        Current = messages.Read(bytes, wire.IsJson);
        return true;
    }

    private async ValueTask<ReadOnlySequence<byte>?> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled || cancellationToken == over) return await wire.ReceiveAsync(over);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over);
        return await wire.ReceiveAsync(either.Token);
    }
}

/// <summary>What the handler sends; a write ends when the client's flow control has taken it.</summary>
internal sealed class ResponseStream<T>(IWire wire, Messages<T> messages, CancellationToken over) : IServerStreamWriter<T> where T : class
{
    private readonly WrittenPayload payload = new();

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        payload.Reset();
        messages.Write(message, payload, wire.IsJson);
        var mayCompress = WriteOptions is null || (WriteOptions.Flags & WriteFlags.NoCompress) == 0;
        if (!cancellationToken.CanBeCanceled || cancellationToken == over)
        {
            await wire.SendAsync(payload.Written, mayCompress, over);
            return;
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over);
        await wire.SendAsync(payload.Written, mayCompress, either.Token);
    }
}
