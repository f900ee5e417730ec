using System.Buffers;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Features;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Passes bytes both ways after an upgrade (WebSocket and others), each way as fast as its reader takes them, until both ends are done
/// or nothing moves for too long. A WebSocket whose instance goes away without a close frame is given one (1001, "going away"), so that
/// its client knows that it should connect again.
/// </summary>
internal static class Tunnel
{
    private const int BlockBytes = 8 * 1024;

    /// <summary>How long a client has to answer the edge's close frame.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    /// <summary>A close frame of a server: final, no mask, two bytes with the status 1001.</summary>
    private static readonly byte[] GoingAway = [0x88, 2, 1001 >> 8, 1001 & 0xff];

    /// <summary>Ends when both directions have. False: the connection is of no further use.</summary>
    public static async ValueTask<bool> RunAsync(Exchange x, UpstreamConnection connection)
    {
        x.Response.Headers.Remove("X-Request-Id");
        await using var client = await x.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        connection.ExpectWithin(x.Limits.TunnelIdleTimeout);
        using var done = new CancellationTokenSource();
        var up = PumpUpAsync(x, client, connection, done.Token);
        var isClosing = false;
        try
        {
            isClosing = await PumpDownAsync(x, client, connection);
        }
        finally
        {
            await done.CancelAsync(); // the instance is done: what the client still sends has no reader
            await up;
        }
        if (isClosing) await ReadToEndAsync(client);
        return false;
    }

    /// <summary>From the client to the instance; ends quietly, for the other direction says how it went.</summary>
    private static async Task PumpUpAsync(Exchange x, Stream client, UpstreamConnection connection, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (await client.ReadAsync(block.AsMemory(0, BlockBytes), cancellationToken) is > 0 and var count)
            {
                await connection.SendAsync(block.AsMemory(0, count), x.Limits.BodyIdleTimeout);
                connection.ExpectWithin(x.Limits.TunnelIdleTimeout);
            }
            connection.ShutdownSend();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The instance is gone, which the other direction finds out too.
        }
        catch (Exception)
        {
            connection.CutOff(CutReason.ClientGone);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>True: the instance went away without a close frame, and the client was sent one.</summary>
    private static async Task<bool> PumpDownAsync(Exchange x, Stream client, UpstreamConnection connection)
    {
        var isWebSocket = string.Equals(x.UpgradeTo, "websocket", StringComparison.OrdinalIgnoreCase);
        var frames = default(WebSocketFrames);
        try
        {
            do
            {
                var unread = connection.Unread.Length;
                if (unread == 0) continue;
                if (isWebSocket) frames.Pass(connection.Unread);
                await client.WriteAsync(connection.UnreadMemory);
                connection.Consume(unread);
                connection.ExpectWithin(x.Limits.TunnelIdleTimeout);
            }
            while (connection.TryReceived(await connection.ReceiveAsync()));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException && isWebSocket && connection.Cut != CutReason.ClientGone)
        {
            if (!MayClose(frames)) throw;
        }
        var isClosing = isWebSocket && MayClose(frames);
        if (isClosing) await client.WriteAsync(GoingAway);
        await client.FlushAsync();
        return isClosing;
    }

    private static bool MayClose(in WebSocketFrames frames) => frames.IsAtBoundary && !frames.HasClosed;

    /// <summary>
    /// Until the client has answered the close frame. Closed with unread bytes, the connection would be reset and the frame perhaps lost.
    /// </summary>
    private static async Task ReadToEndAsync(Stream client)
    {
        var block = new byte[512];
        using var timeout = new CancellationTokenSource(CloseTimeout);
        try
        {
            while (await client.ReadAsync(block, timeout.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // It is gone, or takes too long.
        }
    }
}
