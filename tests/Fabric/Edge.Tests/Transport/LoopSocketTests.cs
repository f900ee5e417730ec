using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Transport;

/// <summary>Sockets on event loops, many at a time, with ends at any moment.</summary>
public sealed class LoopSocketTests : IAsyncDisposable
{
    private readonly LoopHarness loops = new();
    private readonly SemaphoreSlim gate = new(1);

    public ValueTask DisposeAsync()
    {
        gate.Dispose();
        return loops.DisposeAsync();
    }

    [Fact]
    public async Task Connect_Refused_Throws()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, not listening
        await Assert.ThrowsAsync<SocketException>(
            () => loops.Loops.ConnectAsync((IPEndPoint)taken.LocalEndPoint!, 0, CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task Connect_NobodyAccepts_EndsWithItsToken()
    {
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        using var cancellation = new CancellationTokenSource();
        var connecting = Enumerable.Range(0, 8).Select(
            _ => loops.Loops.ConnectAsync((IPEndPoint)full.LocalEndPoint!, 0, cancellation.Token).AsTask()).ToList();
        await cancellation.CancelAsync();
        var ends = await Task.WhenAll(connecting.Select(c => Record.ExceptionAsync(() => c).AsTask()));
        Assert.Contains(ends, e => e is OperationCanceledException);
        foreach (var socket in connecting.Where(c => c.IsCompletedSuccessfully)) (await socket).Dispose();
    }

    [Fact]
    public async Task Receive_SocketClosedMeanwhile_Throws()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var socket = await loops.Loops.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, 0, CancellationToken.None);
        var receiving = socket.ReceiveAsync(new byte[10]).AsTask();
        Assert.False(receiving.IsCompleted);
        socket.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => receiving);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => socket.SendAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task FastSender_DoesNotKeepTheLoopToItself()
    {
        using var stop = new CancellationTokenSource();
        var (flood, flooded) = await loops.ConnectAsync();
        var pouring = PourAsync(flood, stop.Token);
        var draining = LoopHarness.ReadAsync(flooded.Transport.Input, 1)
            .ContinueWith(_ => DrainAsync(flooded), TaskScheduler.Default).Unwrap();
        for (var i = 0; i < Environment.ProcessorCount * 2; i++) // some of these share its loop
        {
            var (client, server) = await loops.ConnectAsync();
            await EchoOnceAsync(client, server);
        }
        await stop.CancelAsync();
        await pouring;
        flood.Dispose();
        await draining;
        await flooded.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Echoes_ManyAtOnceWithEndsAtAnyMoment_ComeBackWhole(int run)
    {
        var random = Seeded.Random(run);
        var plans = Enumerable.Range(0, 60).Select(
            _ => (Seed: random.Next(), Bytes: random.Next(1, 300_000), IsCut: random.Next(4) == 0)).ToList();
        await Task.WhenAll(plans.Chunk(20).Select(RunAsync));

        async Task RunAsync((int Seed, int Bytes, bool IsCut)[] some)
        {
            foreach (var plan in some)
            {
                var (client, server) = await Locked(loops.ConnectAsync);
                var echoing = EchoAsync(server);
                if (plan.IsCut) await CutAsync(client, plan.Bytes);
                else await RoundTripAsync(client, Seeded.Bytes(plan.Bytes, plan.Seed));
                await echoing;
            }
        }
    }

    /// <summary>So that a client meets its own server's end.</summary>
    private async Task<T> Locked<T>(Func<Task<T>> action)
    {
        await gate.WaitAsync();
        try
        {
            return await action();
        }
        finally
        {
            gate.Release();
        }
    }

    private static async Task RoundTripAsync(Socket client, byte[] bytes)
    {
        using var closes = client;
        var receiving = LoopHarness.ReceiveAsync(client, bytes.Length);
        for (var rest = bytes.AsMemory(); rest.Length > 0;) rest = rest[await client.SendAsync(rest)..];
        Assert.Equal(bytes, await receiving);
        client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await LoopHarness.ReceiveAsync(client));
    }

    private static async Task CutAsync(Socket client, int bytes)
    {
        await client.SendAsync(new byte[bytes]);
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
    }

    private static async Task EchoAsync(ConnectionContext server)
    {
        try
        {
            while (true)
            {
                var read = await server.Transport.Input.ReadAsync();
                foreach (var segment in read.Buffer) await server.Transport.Output.WriteAsync(segment);
                server.Transport.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) break;
            }
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException)
        {
            // Its client was cut off.
        }
        await server.DisposeAsync();
    }

    private static async Task EchoOnceAsync(Socket client, ConnectionContext server)
    {
        using var closes = client;
        await client.SendAsync("ping"u8.ToArray());
        await server.Transport.Output.WriteAsync(await LoopHarness.ReadAsync(server.Transport.Input, 4));
        Assert.Equal(4, (await LoopHarness.ReceiveAsync(client, 4)).Length);
        await server.DisposeAsync();
    }

    private static async Task PourAsync(Socket socket, CancellationToken cancellationToken)
    {
        var block = new byte[256 * 1024];
        while (!cancellationToken.IsCancellationRequested) await socket.SendAsync(block, CancellationToken.None);
    }

    private static async Task DrainAsync(ConnectionContext server)
    {
        while (true)
        {
            var read = await server.Transport.Input.ReadAsync();
            server.Transport.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return;
        }
    }
}
