using System.Buffers;
using Grpc.Core;
using Strata.Rpc.Protocols;

namespace Strata.Rpc.Serving;

/// <summary>
/// What the client sends, message by message, as the handler asks for it: a handler that does not ask holds the client back.
/// </summary>
internal sealed class RequestStream<T>(IWire wire, Messages<T> messages, RpcCall call) : IAsyncStreamReader<T> where T : class
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
        if (wire.TryReceive(out var message)) return message;
        var over = call.CancellationToken;
        if (!cancellationToken.CanBeCanceled || cancellationToken == over) return await wire.ReceiveAsync(over);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over);
        return await wire.ReceiveAsync(either.Token);
    }
}

/// <summary>What the handler sends; a write ends when the client's flow control has taken it.</summary>
internal sealed class ResponseStream<T>(IWire wire, Messages<T> messages, RpcCall call) : IServerStreamWriter<T> where T : class
{
    private WrittenPayload? payload;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        payload ??= new WrittenPayload();
        payload.Reset();
        messages.Write(message, payload, wire.IsJson);
        var over = call.CancellationToken;
        if (!cancellationToken.CanBeCanceled || cancellationToken == over)
        {
            await wire.SendAsync(payload.Written, MayCompress, isLast: false, over);
            return;
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over);
        await wire.SendAsync(payload.Written, MayCompress, isLast: false, either.Token);
    }

    /// <summary>The one message of a method that answers with one.</summary>
    public ValueTask WriteOnlyAsync(T message)
    {
        var only = WrittenPayload.Take();
        messages.Write(message, only, wire.IsJson);
        var sending = wire.SendAsync(only.Written, MayCompress, isLast: true, CancellationToken.None);
        only.GiveBack(); // a wire has copied it when it returns
        return sending;
    }

    private bool MayCompress => WriteOptions is null || (WriteOptions.Flags & WriteFlags.NoCompress) == 0;
}
