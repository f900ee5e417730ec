using System.Text;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Listening;

/// <summary>
/// Requests mangled at random: every one is answered or cut off in time, the edge lives on, and what reaches an instance is always one
/// well-formed request.
/// </summary>
public class FuzzTests
{
    private static readonly string[] Samples =
    [
        "GET /a/b?c=d HTTP/1.1\r\nHost: app.localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\nConnection: close, X-A\r\nX-A: 1\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: v\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0",
    ];

    private static readonly string[] Splices = ["\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n", "Host: x\r\n", "\r\n\r\n", "GET / HTTP/1.1\r\n", "ffffffff", "-", "\u00ff", "%00", "//", ".."];

    [Fact]
    public async Task Requests_MangledAtRandom_NeverCrashNorHangTheEdge()
    {
        var random = Seeded.Random();
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        for (var round = 0; round < 40; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => Mangle(random)).ToList().Select(r => SendAsync(edge, r)));
        }
        using var client = edge.CreateClient();
        Assert.Equal("ok", await client.GetStringAsync("/"));
        foreach (var request in origin.Requests) AssertWellFormed(request);
    }

    private static string Mangle(Random random)
    {
        var text = new StringBuilder(Samples[random.Next(Samples.Length)]);
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(4))
            {
                case 0: text[at] = (char)random.Next(256); break;
                case 1: text.Remove(at, Math.Min(random.Next(1, 12), text.Length - at)); break;
                case 2: text.Insert(at, Splices[random.Next(Splices.Length)]); break;
                default: text.Insert(at, text.ToString(at, Math.Min(random.Next(1, 40), text.Length - at))); break;
            }
            if (text.Length == 0) text.Append('x');
        }
        return text.ToString();
    }

    private static async Task SendAsync(TestEdge edge, string request)
    {
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync(request);
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        try
        {
            await client.ReadToEndAsync();
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"STRATA_SEED={Seeded.Seed}: no end after {Convert.ToHexString(Encoding.Latin1.GetBytes(request))}");
        }
    }

    private static void AssertWellFormed(string request)
    {
        var lines = request.Split("\r\n");
        var message = $"STRATA_SEED={Seeded.Seed}: {request}";
        Assert.True(
            lines[0].Split(' ') is [var method, ['/' or '*', ..], "HTTP/1.1"] && method.All(c => c is > ' ' and < '\u007f'), message);
        Assert.Equal(1, lines.Count(l => l.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)));
        Assert.True(
            lines.Count(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                + lines.Count(l => l.StartsWith("Transfer-Encoding:", StringComparison.OrdinalIgnoreCase)) <= 1, message);
        Assert.All(
            lines[1..^2], l => Assert.True(l.IndexOf(':', StringComparison.Ordinal) > 0 && !l.Any(c => c is < ' ' and not '\t'), message));
    }
}
