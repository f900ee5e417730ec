using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Strata.Tunnels.Relay;

namespace Strata.Tunnels.Tests;

/// <summary>A TCP connection carried over a WebSocket, between real sockets.</summary>
public sealed class TcpOverWebSocketTests : IAsyncLifetime
{
    private readonly List<IDisposable> owned = [];
    private Socket client = null!;
    private Socket program = null!;
    private Task carried = null!;

    public async ValueTask InitializeAsync()
    {
        Socket nearEnd, farEnd;
        (client, nearEnd) = await PairAsync();
        (farEnd, program) = await PairAsync();
        var (left, right) = await PairAsync();
        var near = WebSocket.CreateFromStream(new NetworkStream(left, ownsSocket: true), new WebSocketCreationOptions { IsServer = true });
        var far = WebSocket.CreateFromStream(new NetworkStream(right, ownsSocket: true), new WebSocketCreationOptions { IsServer = false });
        owned.AddRange([client, program, near, far]);
        carried = Task.WhenAll(
            TcpOverWebSocket.RunAsync(nearEnd, near, TestContext.Current.CancellationToken),
            TcpOverWebSocket.RunAsync(farEnd, far, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Bytes_OfAnyAmount_ArriveInOrder_AndTheEndWithThem()
    {
        var bytes = Seeded.Bytes(3_000_000);
        var received = ReceiveAllAsync(program);
        await SendAllAsync(client, bytes);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(bytes, await received);
    }

    /// <summary>A client may end its side and still wait for the answer.</summary>
    [Fact]
    public async Task OneDirection_Ended_LeavesTheOtherOpen()
    {
        client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await ReceiveAllAsync(program));
        var answer = Seeded.Bytes(100_000);
        var received = ReceiveAllAsync(client);
        await SendAllAsync(program, answer);
        program.Shutdown(SocketShutdown.Send);
        Assert.Equal(answer, await received);
        await carried;
    }

    [Fact]
    public async Task Client_BreakingOff_EndsTheProgramsConnection()
    {
        client.Close(0);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            if ((await ReceiveAllAsync(program)).Length == 0) throw new IOException("ended");
        });
        await carried;
    }

    /// <summary>What a program does not read must not gather on the way.</summary>
    [Fact]
    public async Task Program_NotReading_HoldsTheSenderBack()
    {
        var sent = 0L;
        var block = new byte[64 * 1024];
        var sending = Task.Run(async () =>
        {
            while (true)
            {
                // A send that takes longer than this has met the bound; kernels' buffers, and nothing else, lie on the way.
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
                patience.CancelAfter(TimeSpan.FromSeconds(2));
                sent += await client.SendAsync(block, patience.Token);
            }
        }, TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.InRange(sent, 1, 64L << 20);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in owned) one.Dispose();
        await carried.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await to.SendAsync(bytes, TestContext.Current.CancellationToken)..];
    }

    private static async Task<byte[]> ReceiveAllAsync(Socket from)
    {
        using var all = new MemoryStream();
        var block = new byte[64 * 1024];
        while (await from.ReceiveAsync(block.AsMemory(), TestContext.Current.CancellationToken) is > 0 and var count)
            all.Write(block, 0, count);
        return all.ToArray();
    }

    private static async Task<(Socket, Socket)> PairAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        var accepting = listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await socket.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        return (socket, await accepting);
    }
}
