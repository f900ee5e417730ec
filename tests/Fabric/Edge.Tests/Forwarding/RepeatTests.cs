using System.Net;
using System.Net.Sockets;
using System.Text;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>What is sent again, to whom, and what is not.</summary>
public class RepeatTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// <summary>An instance that ends like a crashed process at /boom: its connections are reset and nobody listens any more.</summary>
    private sealed class Fragile : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly List<Socket> sockets = [];

        public Fragile()
        {
            listener.Start();
            EndPoint = (IPEndPoint)listener.LocalEndpoint;
            _ = AcceptAsync();
        }

        public IPEndPoint EndPoint { get; }
        public bool HasDied { get; private set; }

        public ValueTask DisposeAsync()
        {
            Die();
            return default;
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var socket = await listener.AcceptSocketAsync();
                    lock (sockets) sockets.Add(socket);
                    _ = ServeAsync(socket);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        }

        private async Task ServeAsync(Socket socket)
        {
            try
            {
                var buffer = new byte[4096];
                while (await socket.ReceiveAsync(buffer) is > 0 and var count)
                {
                    if (Encoding.ASCII.GetString(buffer, 0, count).Contains(" /boom ", StringComparison.Ordinal))
                    {
                        HasDied = true;
                        Die();
                        return;
                    }
                    await socket.SendAsync(Encoding.ASCII.GetBytes(Ok));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        }

        private void Die()
        {
            listener.Stop();
            lock (sockets)
            {
                foreach (var socket in sockets) socket.Close(0);
                sockets.Clear();
            }
        }
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("POST")]
    public async Task Request_ThatEndsAnInstance_ReachesNoOther(string method)
    {
        await using Fragile a = new(), b = new(), c = new(), d = new();
        Fragile[] all = [a, b, c, d];
        await using var edge = await TestEdge.BeforeAsync([.. all.Select(f => f.EndPoint)]);
        using var client = edge.CreateClient();
        for (var i = 0; i < 60; i++) Assert.Equal("ok", await client.GetStringAsync("/")); // connections to all of them are kept
        using var answer = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/boom"));
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Single(all, f => f.HasDied);
        for (var i = 0; i < 30; i++) Assert.Equal("ok", await client.GetStringAsync("/"));
    }

    /// <summary>The connect may take five minutes by itself; a control plane that says so ends it.</summary>
    [Fact]
    public async Task Instance_ThatIsGone_DoesNotKeepARequestWaiting()
    {
        await using var origin = RawOrigin.Answering(Ok);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(0);
        using var filler = new SilentListener((IPEndPoint)silent.LocalEndPoint!);
        await filler.FillAsync();
        await using var edge = await TestEdge.StartAsync(
            TestEdge.TableOf(filler.EndPoint), o => o with { Upstream = o.Upstream with { ConnectTimeout = TimeSpan.FromMinutes(5) } });
        using var client = edge.CreateClient();
        var asked = client.GetAsync("/");
        await Wait.UntilAsync(
            () => edge.ReadMetrics().Contains("strata.edge.requests.in_flight 1\n", StringComparison.Ordinal), "it connects");
        edge.Server.Apply(TestEdge.TableOf(origin.EndPoint)); // the control plane says that the instance is gone
        using var answer = await asked;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode); // nothing of the request was sent
    }

    /// <summary>Fills a listener's backlog, so that the kernel leaves further connects unanswered.</summary>
    private sealed class SilentListener(IPEndPoint endPoint) : IDisposable
    {
        private readonly List<Socket> sockets = [];

        public IPEndPoint EndPoint => endPoint;

        public async Task FillAsync()
        {
            for (var i = 0; i < 16; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
                try
                {
                    await socket.ConnectAsync(endPoint, patience.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }

        public void Dispose() => sockets.ForEach(s => s.Dispose());
    }
}
