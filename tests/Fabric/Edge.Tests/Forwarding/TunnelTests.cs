using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>WebSocket and other upgrades.</summary>
public class TunnelTests
{
    private static Task<WebOrigin> EchoAsync() => WebOrigin.StartAsync(async context =>
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = 426;
            return;
        }
        using var socket = await context.WebSockets.AcceptWebSocketAsync("chat");
        var block = new byte[100_000];
        while (await socket.ReceiveAsync(block, default) is { MessageType: not WebSocketMessageType.Close } received)
            await socket.SendAsync(block.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, default);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default);
    });

    [Fact]
    public async Task WebSocket_Echoes_SmallAndLargeMessages()
    {
        await using var origin = await EchoAsync();
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("chat");
        socket.Options.SetRequestHeader("Host", TestEdge.Host);
        await socket.ConnectAsync(new Uri($"ws://{edge.EndPoint}/ws"), invoker, default);
        Assert.Equal("chat", socket.SubProtocol);
        foreach (var size in new[] { 0, 1, 125, 126, 70_000, 2_000_000 })
        {
            var message = Encoding.ASCII.GetBytes(new string('m', size));
            var sending = socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, default);
            Assert.Equal(size, (await ReceiveAsync(socket)).Length);
            await sending;
        }
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", default);
        Assert.Equal("bye", socket.CloseStatusDescription);
    }

    [Fact]
    public async Task WebSocket_WhoseClientVanishes_IsClosedForTheInstance()
    {
        var closed = new TaskCompletionSource();
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: custom\r\n\r\nhello");
            await c.WaitForCloseAsync();
            closed.SetResult();
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: custom\r\n\r\n");
        var answer = await client.ReadUntilAsync("hello");
        Assert.StartsWith("HTTP/1.1 101 ", answer);
        Assert.Contains("Upgrade: custom", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: Upgrade", Assert.Single(origin.Requests), StringComparison.Ordinal);
        client.Reset();
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Upgrade_WhoseInstanceEnds_EndsForTheClientWithAllItsBytes()
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: custom\r\n\r\n");
            var asked = await c.ReadSomeAsync();
            await c.SendAsync($"you said {asked}" + new string('z', 100_000) + "END");
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: custom\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");
        await client.SendAsync("ping");
        Assert.EndsWith("zEND", await client.ReadToEndAsync());
        Assert.Contains("you said ping", client.Received, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("h2c")]
    [InlineData("HTTP/2.0")]
    public async Task Upgrade_ToHttp2_IsNotPassedOn(string protocol)
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync(
            $"GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("ok"));
        Assert.DoesNotContain("Upgrade", Assert.Single(origin.Requests), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Upgrade_Refused_IsAnOrdinaryAnswer()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403 ", await client.ReadUntilAsync("\r\n\r\nno"));
    }

    [Fact]
    public async Task Node_UpgradesThroughTheEdge()
    {
        const string server = """
            const http = require('http');
            const s = http.createServer((q, r) => r.end('plain'));
            s.on('upgrade', (q, socket, head) => { socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n'); socket.pipe(socket); });
            s.listen(0, '127.0.0.1', () => console.log(s.address().port));
            """;
        using var node = Process.Start(new ProcessStartInfo("node", ["-e", server]) { RedirectStandardOutput = true })!;
        try
        {
            var port = int.Parse((await node.StandardOutput.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture);
            await using var edge = await TestEdge.BeforeAsync(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port));
            var client = $$"""
                const q = require('http').request({ port: {{edge.EndPoint.Port}}, host: '127.0.0.1', headers: { Host: '{{TestEdge.Host}}', Connection: 'Upgrade', Upgrade: 'echo' } });
                q.on('upgrade', (r, socket) => { socket.write('round trip'); socket.on('data', d => { console.log(r.statusCode + ' ' + d); socket.end(); }); });
                q.end();
                """;
            using var caller = Process.Start(new ProcessStartInfo("node", ["-e", client]) { RedirectStandardOutput = true })!;
            Assert.Equal("101 round trip", await caller.StandardOutput.ReadLineAsync());
            await caller.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            node.Kill();
        }
    }

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket socket)
    {
        var message = new MemoryStream();
        var block = new byte[16 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(block.AsMemory(), default);
            message.Write(block, 0, received.Count);
        }
        while (!received.EndOfMessage);
        return message.ToArray();
    }
}
