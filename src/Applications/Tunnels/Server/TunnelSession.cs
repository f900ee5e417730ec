using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Tunnels.Relay;
using TunnelResource = Strata.Core.Resource<Strata.Contracts.TunnelSpec, Strata.Contracts.TunnelStatus>;

namespace Strata.Tunnels.Server;

/// <summary>What every session works with.</summary>
internal sealed record TunnelParts(TunnelDirectory Directory, TunnelSessions Sessions, TunnelOptions Options, TimeProvider Time);

/// <summary>
/// One machine's connection to a tunnel, from its first word to its end: accepts the edge's connections and announces each to the machine.
/// Ends when the machine disconnects or falls silent, when its token or the tunnel no longer exists, and when the server stops; the tunnel
/// then waits for the next one.
/// </summary>
/// <param name="lease">That this machine alone serves the tunnel.</param>
internal sealed class TunnelSession(TunnelParts parts, Caller caller, TunnelResource tunnel, HeldLease lease) : IAsyncDisposable
{
    private readonly TunnelListener listener = new(parts.Options, parts.Time);
    private readonly SemaphoreSlim sending = new(1); // a WebSocket takes one message at a time
    private bool mayBeConnected;

    /// <summary>
    /// Makes the tunnel known as connected, under the lease; the edge follows it. Replaces an earlier session only when that is written.
    /// </summary>
    public async ValueTask<Result<TunnelResource>> OpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        mayBeConnected = true; // a write that is cancelled, or whose answer is lost, may be in the log
        var connected = await parts.Directory.ConnectedAsync(
            caller with { Fence = lease.Fence }, tunnel, listener.EndPoint, cancellationToken);
        if (connected.IsOk) parts.Sessions.Add(tunnel.Id, listener, lease.Fence.Epoch);
        return connected;
    }

    /// <param name="isStillGood">Whether the machine's token still opens the tunnel; asked now and then.</param>
    public async Task RunAsync(
        HttpContext http, string url, Func<CancellationToken, ValueTask<bool>> isStillGood, CancellationToken stopping)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping, lease.Lost);
        var keepAlive = parts.Options.KeepAlive;
        using var webSocket = await http.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext { KeepAliveInterval = keepAlive, KeepAliveTimeout = keepAlive });
        try
        {
            await TellAsync(webSocket, new TunnelMessage { Url = url }, over.Token);
            Task[] work = [AnnounceAsync(webSocket, over.Token), UntilClosedAsync(webSocket, over.Token),
                WatchAsync(isStillGood, over.Token)];
            await Task.WhenAny(work);
            await over.CancelAsync();
            await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception e) when (TcpOverWebSocket.IsEnd(e))
        {
            // The machine is gone before it heard a word.
        }
        webSocket.Abort();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // Only what this session wrote is taken back: the machine may have connected again before this connection was found dead.
            parts.Sessions.Remove(tunnel.Id, listener);
            if (mayBeConnected) await parts.Directory.DisconnectedAsync(caller, tunnel.Id, listener.EndPoint, CancellationToken.None);
        }
        finally
        {
            listener.Dispose();
            await lease.DisposeAsync();
        }
    }

    private Task AnnounceAsync(WebSocket to, CancellationToken cancellationToken) =>
        listener.RunAsync(id => TellAsync(to, new TunnelMessage { Connection = id }, cancellationToken), cancellationToken);

    private async Task TellAsync(WebSocket to, TunnelMessage message, CancellationToken cancellationToken)
    {
        await sending.WaitAsync(cancellationToken);
        try
        {
            await message.SendAsync(to, cancellationToken);
        }
        finally
        {
            sending.Release();
        }
    }

    /// <summary>The machine has nothing to say but that it ends; a message is refused by ending.</summary>
    private static async Task UntilClosedAsync(WebSocket from, CancellationToken cancellationToken) =>
        await TunnelMessage.ReceiveAsync(from, new byte[TunnelMessage.BytesMax], cancellationToken);

    private async Task WatchAsync(Func<CancellationToken, ValueTask<bool>> isStillGood, CancellationToken cancellationToken)
    {
        do await Task.Delay(parts.Options.KeepAlive, parts.Time, cancellationToken);
        while (await isStillGood(cancellationToken) && await parts.Directory.IsThereAsync(caller, tunnel.Id, cancellationToken));
    }
}
