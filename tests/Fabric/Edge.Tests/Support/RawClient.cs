using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Strata.Edge.Tests.Support;

/// <summary>Bytes to the edge as they are, and what comes back.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly List<byte> received = [];

    public string Received => Encoding.Latin1.GetString([.. received]);
    public Socket Socket => socket;

    public static async Task<RawClient> ConnectAsync(IPEndPoint endPoint)
    {
        var client = new RawClient();
        await client.socket.ConnectAsync(endPoint);
        return client;
    }

    /// <summary>Sends one text on a connection of its own and reads until the other end closes.</summary>
    public static async Task<string> AskAsync(IPEndPoint endPoint, string request)
    {
        using var client = await ConnectAsync(endPoint);
        await client.SendAsync(request);
        return await client.ReadToEndAsync();
    }

    public async Task SendAsync(string text) => await socket.SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Reads until the text has come; throws when the other end closes before.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (!Received.Contains(text, StringComparison.Ordinal))
        {
            if (!await ReadSomeAsync(timeout.Token)) throw new IOException($"Closed after: {Received}");
        }
        return Received;
    }

    public async Task<string> ReadToEndAsync()
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (await ReadSomeAsync(timeout.Token))
        {
        }
        return Received;
    }

    public void Forget() => received.Clear();

    /// <summary>Closes with a reset, as a client that crashes.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public void Dispose() => socket.Dispose();

    private async Task<bool> ReadSomeAsync(CancellationToken cancellationToken)
    {
        var block = new byte[16 * 1024];
        try
        {
            var count = await socket.ReceiveAsync(block, cancellationToken);
            received.AddRange(block.AsSpan(0, count));
            return count > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
