using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Strata.Tunnels.Relay;

namespace Strata.Tunnels.Client;

/// <summary>Events of the developer's end; called from any thread.</summary>
public interface ITunnelObserver
{
    /// <summary>Connected: the edge serves this address now.</summary>
    void Connected(string url);

    /// <summary>The connection is lost; it is retried after the pause.</summary>
    void Lost(string reason, TimeSpan pause);

    /// <summary>A connection came for which nothing answers on this machine.</summary>
    void Unreachable();
}

/// <summary>
/// The developer's end of a tunnel: stays connected to the server, fetches each announced connection, and forwards it to a port of this
/// machine.
/// </summary>
/// <param name="server">Address of the API.</param>
/// <param name="tunnel">Name or id; it must exist.</param>
/// <param name="host">Where the program listens, for example <c>localhost</c>.</param>
public sealed class TunnelClient(
    Uri server, string token, string tunnel, string host, int port, ITunnelObserver observer, TimeProvider time)
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(5);

    private readonly string machine = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");

    /// <summary>Name or id of the tunnel's organization, for operators; null: the token's own.</summary>
    public string? Organization { get; init; }

    private TunnelAddresses Addresses => new(server, tunnel, Organization);

    /// <summary>
    /// Runs until cancelled. Before the first connection is made every failure is thrown; later only a permanent refusal by the server:
    /// <see cref="TunnelRefusedException"/>.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = PauseMin;
        var wasConnected = false;
        while (true)
        {
            try
            {
                using var webSocket = await OpenAsync(Addresses.Connect(machine), cancellationToken);
                (pause, wasConnected) = (PauseMin, true);
                await ServeAsync(webSocket, cancellationToken);
                observer.Lost("the server ended it", pause);
            }
            catch (Exception e) when (wasConnected && TcpOverWebSocket.IsEnd(e) && !cancellationToken.IsCancellationRequested)
            {
                observer.Lost(e.Message, pause);
            }
            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
        }
    }

    private async Task ServeAsync(WebSocket webSocket, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var buffer = new byte[TunnelMessage.BytesMax];
        try
        {
            while (await TunnelMessage.ReceiveAsync(webSocket, buffer, cancellationToken) is { } message)
            {
                if (message.Url is { } url) observer.Connected(url);
                if (message.Connection is { } connection) _ = CarryAsync(connection, over.Token);
            }
        }
        finally
        {
            await over.CancelAsync();
        }
    }

    /// <summary>
    /// The program first: when it does not answer, the connection is left to end by itself, and no caller waits for an answer that cannot
    /// come.
    /// </summary>
    private async Task CarryAsync(string connection, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = await TryDialAsync(cancellationToken);
            using var webSocket = await OpenAsync(Addresses.Connection(connection), cancellationToken);
            if (socket is null) webSocket.Abort();
            else await TcpOverWebSocket.RunAsync(socket, webSocket, cancellationToken);
        }
        catch (Exception e) when (TcpOverWebSocket.IsEnd(e))
        {
            // The edge went away meanwhile, or the tunnel ends.
        }
    }

    private async Task<Socket?> TryDialAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(DialTimeout);
        try
        {
            await socket.ConnectAsync(host, port, timeout.Token);
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            observer.Unreachable();
            return null;
        }
    }

    private async Task<ClientWebSocket> OpenAsync(Uri address, CancellationToken cancellationToken)
    {
        var webSocket = new ClientWebSocket();
        try
        {
            webSocket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            (webSocket.Options.KeepAliveInterval, webSocket.Options.KeepAliveTimeout) = (KeepAlive, KeepAlive);
            webSocket.Options.CollectHttpResponseDetails = true;
            if (server.IsLoopback) webSocket.Options.Proxy = null;
            await webSocket.ConnectAsync(address, cancellationToken);
            return webSocket;
        }
        catch (WebSocketException e) when (TunnelRefusedException.IsForGood(webSocket.HttpStatusCode))
        {
            webSocket.Dispose();
            throw new TunnelRefusedException(webSocket.HttpStatusCode, e);
        }
        catch
        {
            webSocket.Dispose();
            throw;
        }
    }
}

/// <summary>The server answered, and does not let this machine in: no such tunnel, no right to it, another machine at it.</summary>
public sealed class TunnelRefusedException(HttpStatusCode status, Exception inner)
    : Exception($"the server refused it with {(int)status}", inner)
{
    public HttpStatusCode Status => status;

    /// <summary>A server that is overloaded or restarts will let it in later.</summary>
    internal static bool IsForGood(HttpStatusCode status) => (int)status is >= 400 and < 500;
}

/// <summary>The addresses of a tunnel's WebSockets.</summary>
internal sealed class TunnelAddresses(Uri server, string tunnel, string? organization)
{
    private readonly string query = organization is null ? "" : "org=" + Uri.EscapeDataString(organization);

    public Uri Connect(string machine) => Of($"connect?machine={machine}&{query}".TrimEnd('&'));

    public Uri Connection(string id) => Of($"connections/{id}?{query}".TrimEnd('?'));

    private Uri Of(string rest) =>
        new UriBuilder(
            new Uri(server, $"/api/v1/tunnels/{Uri.EscapeDataString(tunnel)}/{rest}")) { Scheme = server.Scheme == Uri.UriSchemeHttps
                ? "wss" : "ws" }.Uri;
}
