using System.Net;
using System.Net.Sockets;

namespace Strata.Client.Tests;

/// <summary>
/// Passes one connection after the other on to a server, and breaks every second one when the server has answered, before the answer is
/// passed back: so the client cannot know whether its request took effect.
/// </summary>
internal sealed class BreakingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Uri target;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task accepting;
    private int connections;

    public BreakingProxy(Uri target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{listener.LocalEndpoint}");
    public int Broken { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(stopping.Token);
                await PassAsync(client, breaks: connections++ % 2 == 0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
        {
            // The test is over.
        }
    }

    /// <summary>One request, in one piece as these small ones are, and its answer.</summary>
    private async Task PassAsync(TcpClient client, bool breaks)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(target.Host, target.Port, stopping.Token);
        var buffer = new byte[64 * 1024];
        var request = await client.GetStream().ReadAtLeastAsync(buffer, 1, false, stopping.Token);
        while (!IsWhole(buffer.AsSpan(0, request))) request += await client.GetStream().ReadAsync(buffer.AsMemory(request), stopping.Token);
        await server.GetStream().WriteAsync(buffer.AsMemory(0, request), stopping.Token);
        var answer = await server.GetStream().ReadAsync(buffer, stopping.Token);
        if (breaks)
        {
            Broken++;
            client.Client.LingerState = new LingerOption(true, 0); // a reset, not an orderly end
            return;
        }
        await client.GetStream().WriteAsync(buffer.AsMemory(0, answer), stopping.Token);
    }

    private static bool IsWhole(ReadOnlySpan<byte> request)
    {
        var end = request.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        var head = System.Text.Encoding.ASCII.GetString(request[..end]);
        var length = System.Text.RegularExpressions.Regex.Match(head, @"Content-Length: (\d+)");
        return request.Length >= end + 4 + (length.Success ? int.Parse(length.Groups[1].Value, null) : 0);
    }
}
