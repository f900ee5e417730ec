using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Passes bytes both ways after an upgrade (WebSocket and others), each way as fast as its reader takes them, until both ends are done or nothing moves for too long.
/// </summary>
internal sealed class Tunnel(UpstreamLimits limits)
{
    private const int BlockBytes = 8 * 1024;

    /// <summary>Ends when both directions have. False: the connection is of no further use.</summary>
    public async ValueTask<bool> RunAsync(Exchange x, UpstreamConnection connection)
    {
        x.Response.Headers.Remove("X-Request-Id");
        await using var client = await x.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        connection.ExpectWithin(limits.TunnelIdleTimeout);
        using var done = new CancellationTokenSource();
        var up = PumpUpAsync(client, connection, done.Token);
        try
        {
            await PumpDownAsync(client, connection);
        }
        finally
        {
            await done.CancelAsync(); // the instance is done: what the client still sends has no reader
            await up;
        }
        return false;
    }

    /// <summary>From the client to the instance; ends quietly, for the other direction says how it went.</summary>
    private async Task PumpUpAsync(Stream client, UpstreamConnection connection, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (await client.ReadAsync(block.AsMemory(0, BlockBytes), cancellationToken) is > 0 and var count)
            {
                await connection.SendAsync(block.AsMemory(0, count), limits.BodyIdleTimeout);
                connection.ExpectWithin(limits.TunnelIdleTimeout);
            }
            connection.ShutdownSend();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
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

    private async Task PumpDownAsync(Stream client, UpstreamConnection connection)
    {
        do
        {
            var unread = connection.Unread.Length;
            if (unread == 0) continue;
            await client.WriteAsync(connection.UnreadMemory);
            connection.Consume(unread);
            connection.ExpectWithin(limits.TunnelIdleTimeout);
        }
        while (connection.TryReceived(await connection.ReceiveAsync()));
        await client.FlushAsync();
    }
}
