using System.Buffers;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace Strata.Tunnels.Relay;

/// <summary>
/// Carries one TCP connection over a WebSocket: bytes as binary messages, the end of one direction as an empty text message, because a
/// WebSocket by itself ends only as a whole. Neither side is read faster than the other takes, so no more than a block waits in memory in
/// each direction.
/// </summary>
internal static class TcpOverWebSocket
{
    private const int BlockBytes = 32 * 1024;

    /// <summary>Until both directions have ended or one end has broken off; both ends are closed then.</summary>
    public static async Task RunAsync(Socket socket, WebSocket webSocket, CancellationToken cancellationToken)
    {
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await Task.WhenAll(
                EndBothAsync(SendAsync(socket, webSocket, broken.Token), broken),
                EndBothAsync(ReceiveAsync(webSocket, socket, broken.Token), broken));
            await webSocket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }
        catch (Exception e) when (IsEnd(e))
        {
            webSocket.Abort();
        }
        finally
        {
            socket.Dispose();
        }
    }

    /// <summary>How connections end that are not ended properly.</summary>
    public static bool IsEnd(Exception e) =>
        e is WebSocketException or SocketException or IOException or OperationCanceledException or ObjectDisposedException;

    private static async Task EndBothAsync(Task direction, CancellationTokenSource broken)
    {
        try
        {
            await direction;
        }
        catch
        {
            await broken.CancelAsync();
            throw;
        }
    }

    private static async Task SendAsync(Socket from, WebSocket to, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (await from.ReceiveAsync(block.AsMemory(), cancellationToken) is > 0 and var count)
                await to.SendAsync(block.AsMemory(0, count), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            await to.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private static async Task ReceiveAsync(WebSocket from, Socket to, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (await from.ReceiveAsync(block.AsMemory(), cancellationToken) is { MessageType: WebSocketMessageType.Binary } received)
                await WriteAsync(to, block.AsMemory(0, received.Count), cancellationToken);
            to.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private static async ValueTask WriteAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0) bytes = bytes[await to.SendAsync(bytes, cancellationToken)..];
    }
}
