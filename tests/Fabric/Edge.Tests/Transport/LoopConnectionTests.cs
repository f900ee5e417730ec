using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Transport;

/// <summary>A client's connection on an event loop keeps what Kestrel expects of a transport.</summary>
public sealed class LoopConnectionTests : IAsyncDisposable
{
    private const int Large = 24 * 1024 * 1024;

    private readonly LoopHarness loops = new();

    public ValueTask DisposeAsync() => loops.DisposeAsync();

    [Fact]
    public async Task Read_AfterHalfClose_GivesTheRestAndThenTheEnd()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        await client.SendAsync("hello"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        var received = await LoopHarness.ReadAsync(server.Transport.Input);
        Assert.Equal("hello", Encoding.ASCII.GetString(received));
        await Wait.UntilAsync(() => server.ConnectionClosed.IsCancellationRequested, "the end is told");
        await server.Transport.Output.WriteAsync("bye"u8.ToArray());
        await server.DisposeAsync();
        Assert.Equal("bye", Encoding.ASCII.GetString(await LoopHarness.ReceiveAsync(client)));
    }

    [Fact]
    public async Task ConnectionClosed_ClientLeavesWhileNobodyReads_Fires()
    {
        var (client, server) = await loops.ConnectAsync();
        await client.SendAsync("x"u8.ToArray());
        await LoopHarness.ReadAsync(server.Transport.Input, 1);
        var waiting = server.Transport.Input.ReadAsync();
        server.Transport.Input.CancelPendingRead();
        Assert.True((await waiting).IsCanceled);
        client.Dispose();
        await Wait.UntilAsync(() => server.ConnectionClosed.IsCancellationRequested, "the end is told");
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Read_ClientResets_Throws()
    {
        var (client, server) = await loops.ConnectAsync();
        var reading = server.Transport.Input.ReadAsync().AsTask();
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        await Assert.ThrowsAsync<ConnectionResetException>(() => reading);
        Assert.True((await server.Transport.Output.WriteAsync("lost"u8.ToArray())).IsCompleted);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Read_CancelledByToken_ThrowsAndCanBeRepeated()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        using var cancellation = new CancellationTokenSource();
        var reading = server.Transport.Input.ReadAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await client.SendAsync("after"u8.ToArray());
        Assert.Equal("after", Encoding.ASCII.GetString(await LoopHarness.ReadAsync(server.Transport.Input, 5)));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Read_ExaminedButNotConsumed_GrowsAndKeepsOrder()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        var sent = Seeded.Bytes(200_000, 1);
        var sending = client.SendAsync(sent);
        var input = server.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync();
            if (read.Buffer.Length == sent.Length)
            {
                Assert.Equal(sent, System.Buffers.BuffersExtensions.ToArray(read.Buffer));
                input.AdvanceTo(read.Buffer.End);
                break;
            }
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        await sending;
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Read_NobodyReads_HoldsTheClientBack()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        var sent = Seeded.Bytes(Large, 2);
        var sending = SendAllAsync(client, sent);
        var first = await LoopHarness.ReadAsync(server.Transport.Input, 1);
        Assert.False(sending.IsCompleted);
        var rest = await LoopHarness.ReadAsync(server.Transport.Input, Large - first.Length);
        await sending;
        Assert.Equal(sent, first.Concat(rest).ToArray());
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Flush_ClientReadsSlowly_WaitsAndLosesNothing()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        var sent = Seeded.Bytes(Large, 3);
        var flushing = server.Transport.Output.WriteAsync(sent).AsTask();
        Assert.False(flushing.IsCompleted);
        Assert.Equal(sent, await LoopHarness.ReceiveAsync(client, Large));
        Assert.False((await flushing).IsCompleted);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Flush_Cancelled_EndsAndTheRestFollows()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        var sent = Seeded.Bytes(Large, 4);
        var flushing = server.Transport.Output.WriteAsync(sent).AsTask();
        server.Transport.Output.CancelPendingFlush();
        Assert.True((await flushing).IsCanceled);
        var receiving = LoopHarness.ReceiveAsync(client, Large);
        await server.Transport.Output.FlushAsync();
        Assert.Equal(sent, await receiving);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Abort_WithFlushAndReadPending_EndsBothAndResetsTheClient()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        var reading = server.Transport.Input.ReadAsync().AsTask();
        var flushing = server.Transport.Output.WriteAsync(Seeded.Bytes(Large, 5)).AsTask();
        server.Abort(new ConnectionAbortedException("enough"));
        Assert.Equal("enough", (await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading)).Message);
        Assert.True((await flushing).IsCompleted);
        Assert.True(server.ConnectionClosed.IsCancellationRequested || await IsToldAsync(server));
        await Assert.ThrowsAsync<SocketException>(() => LoopHarness.ReceiveAsync(client));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_WithUnflushedAnswerAndUnreadRequest_DeliversTheAnswer()
    {
        var (client, server) = await loops.ConnectAsync();
        using var closes = client;
        await client.SendAsync("first"u8.ToArray());
        await LoopHarness.ReadAsync(server.Transport.Input, 1);
        await client.SendAsync(new byte[50_000]);
        "no more, please"u8.CopyTo(server.Transport.Output.GetSpan(15));
        server.Transport.Output.Advance(15);
        await Wait.UntilAsync(() => client.Poll(0, SelectMode.SelectWrite), "the rest is on its way");
        await server.DisposeAsync();
        Assert.Equal("no more, please", Encoding.ASCII.GetString(await LoopHarness.ReceiveAsync(client)));
    }

    private static async Task<bool> IsToldAsync(ConnectionContext server)
    {
        await Wait.UntilAsync(() => server.ConnectionClosed.IsCancellationRequested, "the end is told");
        return true;
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes)..];
    }
}
