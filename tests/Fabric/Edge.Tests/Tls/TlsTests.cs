using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Contracts;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;
using Strata.Edge.Tls;

namespace Strata.Edge.Tests.Tls;

/// <summary>Clients over TLS: which certificate they see, and that requests arrive as they do without.</summary>
public class TlsTests : IDisposable
{
    private readonly TestCertificates certificates = new();

    public void Dispose()
    {
        certificates.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Request_OverTls_ReachesTheInstance(string version)
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync(
            $"{c.Request.Headers["X-Forwarded-Proto"]} {c.Request.Host} {c.Request.Path}"));
        await using var edge = await StartAsync(origin, certificates.Put(TestEdge.Host));
        using var client = certificates.CreateClient(edge, TestEdge.Host, new Version(version));
        for (var i = 0; i < 3; i++) Assert.Equal($"https {TestEdge.Host} /a", await client.GetStringAsync("/a"));
        Assert.Contains("strata.edge.tls.handshakes{outcome=\"done\"}", edge.ReadMetrics());
    }

    [Fact]
    public async Task Client_SeesTheCertificateOfTheHostThatItNames()
    {
        var (one, two) = (certificates.Put("one.example.com"), certificates.Put("*.example.org"));
        await using var edge = await StartAsync(
            [TestEdge.Route("one.example.com"), TestEdge.Route("two.example.org")], [], one, two);
        await using var first = await certificates.ConnectAsync(edge, "one.example.com");
        await using var second = await certificates.ConnectAsync(edge, "TWO.example.org");
        Assert.Equal(one.Fingerprint, Fingerprint(first));
        Assert.Equal(two.Fingerprint, Fingerprint(second));
        Assert.Equal(SslProtocols.Tls13, first.SslProtocol);
    }

    [Theory]
    [InlineData("other.example.com")]
    [InlineData("")]
    public async Task Client_OfNoHostOfOurs_IsCutOff(string host)
    {
        await using var edge = await StartAsync([TestEdge.Route()], [], certificates.Put(TestEdge.Host));
        var fault = await Record.ExceptionAsync(() => certificates.ConnectAsync(edge, host));
        Assert.True(fault is IOException or AuthenticationException, $"{fault}");
        await Wait.UntilAsync(() => edge.ReadMetrics().Contains("outcome=\"", StringComparison.Ordinal), "the handshake is counted");
        Assert.DoesNotContain("outcome=\"done\"", edge.ReadMetrics());
    }

    /// <summary>Another tenant's certificate for a host is never shown on it, however it came to be there.</summary>
    [Fact]
    public async Task Client_NeverSeesTheCertificateOfAnotherProject()
    {
        var foreign = certificates.Put(TestEdge.Host) with { Org = "org_2", IsOwn = true, Id = "crt_foreign" };
        var other = certificates.Put(TestEdge.Host) with { Project = "prj_2", IsOwn = true, Id = "crt_other" };
        var own = certificates.Put(TestEdge.Host);
        await using var edge = await StartAsync([TestEdge.Route()], [], foreign, other, own);
        await using var client = await certificates.ConnectAsync(edge, TestEdge.Host);
        Assert.Equal(own.Fingerprint, Fingerprint(client));
    }

    [Fact]
    public async Task Connection_IsForTheHostsOfItsCertificateAlone()
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(
            [TestEdge.Route("a.example.com"), TestEdge.Route("b.example.com"), TestEdge.Route("other.example.org")], [origin.EndPoint],
            certificates.Put("*.example.com"), certificates.Put("other.example.org"));
        await using var stream = await certificates.ConnectAsync(edge, "a.example.com");
        Assert.Equal("200", await StatusAsync("a.example.com"));
        Assert.Equal("200", await StatusAsync("b.example.com:8443")); // browsers share a connection so
        Assert.Equal("421", await StatusAsync("other.example.org"));
        Assert.Equal("200", await StatusAsync("a.example.com"));

        async Task<string> StatusAsync(string host)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            var head = new StringBuilder();
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append((char)stream.ReadByte());
            return head.ToString().Split(' ')[1];
        }
    }

    [Fact]
    public async Task Handshake_WaitsForACertificateThatIsBeingIssued()
    {
        await using var edge = await StartAsync([TestEdge.Route()], []);
        var connecting = certificates.ConnectAsync(edge, TestEdge.Host);
        await Task.Delay(100);
        Assert.False(connecting.IsCompleted);
        edge.Server.Apply(new TableSnapshot([TestEdge.Route()], []) { Certificates = [certificates.Put(TestEdge.Host)] });
        await using var client = await connecting;
        Assert.True(client.IsAuthenticated);
    }

    [Fact]
    public async Task Handshake_WithoutACertificate_EndsWhenItsPatienceDoes()
    {
        var pending = TestCertificates.Record(null, TestEdge.Host);
        await using var edge = await StartAsync(
            [TestEdge.Route()], [], o => o with { Tls = new() { HoldTimeout = TimeSpan.FromMilliseconds(50) } }, pending);
        var fault = await Record.ExceptionAsync(() => certificates.ConnectAsync(edge, TestEdge.Host));
        Assert.True(fault is IOException or AuthenticationException, $"{fault}");
    }

    [Fact]
    public async Task Replaced_NewConnectionsSeeTheNewCertificate_OldOnesGoOn()
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(origin, certificates.Put(TestEdge.Host));
        using var client = certificates.CreateClient(edge, TestEdge.Host);
        await client.GetStringAsync("/");
        var next = certificates.Put(TestEdge.Host);
        edge.Server.Apply(TestEdge.TableOf(origin.EndPoint) with { Certificates = [next] });
        Assert.Equal("ok", await client.GetStringAsync("/"));
        await using var second = await certificates.ConnectAsync(edge, TestEdge.Host);
        Assert.Equal(next.Fingerprint, Fingerprint(second));
        await Wait.UntilAsync(() => Directory.GetFiles(certificates.FolderOfFiles).Length == 1, "the former file is deleted");
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Bodies_OfManySizes_ArriveWhole(string version)
    {
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            var body = new MemoryStream();
            await c.Request.Body.CopyToAsync(body);
            await c.Response.Body.WriteAsync(body.ToArray());
        });
        await using var edge = await StartAsync(origin, certificates.Put(TestEdge.Host));
        using var client = certificates.CreateClient(edge, TestEdge.Host, new Version(version));
        foreach (var size in new[] { 0, 1, 16_383, 16_384, 16_385, 1_000_000, 20_000_000 })
        {
            var sent = RandomNumberGenerator.GetBytes(size);
            using var response = await client.PostAsync("/", new ByteArrayContent(sent));
            Assert.Equal(Convert.ToHexString(SHA256.HashData(sent)), Convert.ToHexString(SHA256.HashData(
                await response.Content.ReadAsByteArrayAsync())));
        }
    }

    [Fact]
    public async Task WebSocket_OverTls_Echoes()
    {
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync();
            var block = new byte[100_000];
            while (await socket.ReceiveAsync(block, default) is { MessageType: not WebSocketMessageType.Close } received)
                await socket.SendAsync(block.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, default);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default);
        });
        await using var edge = await StartAsync(origin, certificates.Put(TestEdge.Host));
        await using var stream = await certificates.ConnectAsync(edge, TestEdge.Host);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: {TestEdge.Host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append((char)stream.ReadByte());
        Assert.StartsWith("HTTP/1.1 101", head.ToString());
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions());
        foreach (var size in new[] { 1, 70_000 })
        {
            await socket.SendAsync(new byte[size], WebSocketMessageType.Binary, true, default);
            var (block, count) = (new byte[100_000], 0);
            while (count < size) count += (await socket.ReceiveAsync(block, default)).Count;
            Assert.Equal(size, count);
        }
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", default);
        Assert.Equal("bye", socket.CloseStatusDescription);
    }

    /// <summary>The framework shows the name as people read it.</summary>
    [Fact]
    public async Task InternationalName_IsFound()
    {
        const string host = "xn--mnchen-3ya.example.com";
        var record = certificates.Put(host);
        await using var edge = await StartAsync([TestEdge.Route(host)], [], record);
        await using var client = await certificates.ConnectAsync(edge, host);
        Assert.Equal(record.Fingerprint, Fingerprint(client));
    }

    [Fact]
    public async Task HostWhoseCertificateHasFailed_IsNotWaitedFor()
    {
        var failed = TestCertificates.Record(null, TestEdge.Host) with { IsFailed = true };
        await using var edge = await StartAsync([TestEdge.Route()], [], o => o with { Tls = new() { HoldTimeout = TimeSpan.FromDays(1),
            HandshakeTimeout = TimeSpan.FromDays(1) } }, failed);
        Assert.NotNull(await Record.ExceptionAsync(() => certificates.ConnectAsync(edge, TestEdge.Host)));
    }

    /// <summary>What is no TLS ends the connection, and nothing else.</summary>
    [Theory]
    [InlineData("\u0016\u0003\u0001\u00ff\u00ff\u0001\u00ff\u00ff\u00ff")]
    [InlineData("")]
    public async Task Garbage_EndsTheConnectionAlone(string bytes)
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(
            [TestEdge.Route()], [origin.EndPoint], o => o with { Tls = new() { HandshakeTimeout = TimeSpan.FromMilliseconds(300) } },
            certificates.Put(TestEdge.Host));
        var answer = await RawClient.AskAsync(edge.Server.HttpsEndPoints[0], bytes);
        Assert.DoesNotContain("HTTP/1.1", answer, StringComparison.Ordinal);
        using var client = certificates.CreateClient(edge, TestEdge.Host);
        Assert.Equal("ok", await client.GetStringAsync("/"));
    }

    [Fact]
    public async Task PlainHttp_IsAnsweredThatThisIsHttps()
    {
        await using var edge = await StartAsync([TestEdge.Route()], [], certificates.Put(TestEdge.Host));
        var answer = await RawClient.AskAsync(edge.Server.HttpsEndPoints[0], "GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer);
        Assert.EndsWith("https://\n", answer);
    }

    [Fact]
    public async Task Client_ThatHasHalfAHandshake_IsCutOff()
    {
        await using var edge = await StartAsync(
            [TestEdge.Route()], [], o => o with { Tls = new() { HandshakeTimeout = TimeSpan.FromMilliseconds(300) } },
            certificates.Put(TestEdge.Host));
        using var client = await RawClient.ConnectAsync(edge.Server.HttpsEndPoints[0]);
        await client.SendAsync("\u0016\u0003\u0001\u0001");
        await client.ReadToEndAsync();
    }

    /// <summary>Another scheme than the connection's would have an instance take an open request for an encrypted one.</summary>
    [Fact]
    public async Task Http2_WithTheSchemeOfAnOpenConnection_IsRefused()
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(origin, certificates.Put(TestEdge.Host));
        await using var stream = await certificates.ConnectAsync(edge, TestEdge.Host, SslApplicationProtocol.Http2);
        Assert.Equal(SslApplicationProtocol.Http2, stream.NegotiatedApplicationProtocol);
        // The preface, empty settings, and one request in literal headers: GET, http, the path, the host.
        byte[] Literal(string name, string value) => [0x00, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length,
            .. Encoding.ASCII.GetBytes(value)];
        byte[] headers = [.. Literal(":method", "GET"), .. Literal(":scheme", "http"), .. Literal(":path", "/"),
            .. Literal(":authority", TestEdge.Host)];
        await stream.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0,
            0, 0, (byte)headers.Length, 1, 5, 0, 0, 0, 1, .. headers]);
        var received = new List<byte>();
        var block = new byte[4096];
        while (!Encoding.Latin1.GetString([.. received]).Contains("on one that is", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(block);
            if (count == 0) break;
            received.AddRange(block.AsSpan(0, count));
        }
        Assert.Contains("for http on one that is", Encoding.Latin1.GetString([.. received]));
    }

    private static string Fingerprint(SslStream stream) =>
        Core.Fingerprint.Of((X509Certificate2)stream.RemoteCertificate!);

    private Task<TestEdge> StartAsync(WebOrigin origin, params CertificateRecord[] records) =>
        StartAsync([TestEdge.Route()], [origin.EndPoint], records);

    private Task<TestEdge> StartAsync(RouteRecord[] routes, IPEndPoint[] origins, params CertificateRecord[] records) =>
        StartAsync(routes, origins, o => o, records);

    private Task<TestEdge> StartAsync(
        RouteRecord[] routes, IPEndPoint[] origins, Func<EdgeOptions, EdgeOptions> with, params CertificateRecord[] records) =>
        TestEdge.StartAsync(
            new TableSnapshot(routes, [.. origins.Select(o => TestEdge.Instance(o))]) { Certificates = records },
            o => with(o with { Https = [new IPEndPoint(IPAddress.Loopback, 0)], DataFolder = certificates.Folder.Path }));
}
