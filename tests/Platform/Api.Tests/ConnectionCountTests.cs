using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>A connection counts once, for its address or its organization, and no longer when it has ended, however it ends.</summary>
public sealed class ConnectionCountTests
{
    private const string OfOrganizations = "connections";
    private const string OfAddresses = "connections without a token";
    private const int Streams = 64;

    public static TheoryData<Ending, bool, bool> Endings =>
    [
        .. from ending in Enum.GetValues<Ending>() from http2 in (bool[])[false, true] from withToken in (bool[])[false, true]
           select new TheoryDataRow<Ending, bool, bool>(ending, http2, withToken),
    ];

    public enum Ending
    {
        Reset,
        HalfClose,
        Close,
    }

    [Fact]
    public async Task Streams_OfOneConnection_CountOnce()
    {
        const int connections = 25;
        await using var host = await ApiHost.StartAsync(protocols: HttpProtocols.Http2);
        var clients = new List<Client>();
        for (var i = 0; i < connections; i++)
        {
            var client = new Client(host, HttpVersion.Version20, host.AdminToken);
            clients.Add(client);
            Assert.All(await client.GetAsync(Streams), status => Assert.Equal(HttpStatusCode.OK, status));
            Assert.Single(client.Sockets);
            Assert.Equal(i + 1, host.Used(OfOrganizations));
        }
        clients.ForEach(c => c.Dispose());
        await UntilAsync(() => host.Used(OfOrganizations) == 0);
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task Connection_ThatEnds_CountsNoLonger(Ending ending, bool http2, bool withToken)
    {
        var (protocol, version) = http2 ? (HttpProtocols.Http2, HttpVersion.Version20) : (HttpProtocols.Http1, HttpVersion.Version11);
        await using var host = await ApiHost.StartAsync(protocols: protocol, from: IPAddress.Parse("192.0.2.7"));
        using var client = new Client(host, version, withToken ? host.AdminToken : null);
        var expected = withToken ? HttpStatusCode.OK : HttpStatusCode.Unauthorized;
        Assert.All(await client.GetAsync(http2 ? Streams : 1), status => Assert.Equal(expected, status));
        Assert.Equal(withToken ? (1, 0) : (0, 1), (host.Used(OfOrganizations), host.Used(OfAddresses)));
        client.End(ending);
        await UntilAsync(() => (host.Used(OfOrganizations), host.Used(OfAddresses)) == (0, 0));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition()) await Task.Delay(20, patience.Token);
    }

    /// <summary>A client whose sockets the test can reach.</summary>
    private sealed class Client : IDisposable
    {
        private readonly HttpClient http;

        public Client(ApiHost host, Version version, string? token)
        {
            var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync };
            http = new HttpClient(handler)
            {
                BaseAddress = host.Address, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        public List<Socket> Sockets { get; } = [];

        public async Task<IReadOnlyList<HttpStatusCode>> GetAsync(int times) =>
            await Task.WhenAll(Enumerable.Range(0, times).Select(async _ =>
        {
            using var answer = await http.GetAsync(new Uri("/api/v1/widgets", UriKind.Relative));
            return answer.StatusCode;
        }));

        public void End(Ending ending)
        {
            var socket = Assert.Single(Sockets);
            switch (ending)
            {
                case Ending.Reset:
                    socket.LingerState = new LingerOption(true, 0);
                    socket.Close();
                    break;
                case Ending.HalfClose:
                    socket.Shutdown(SocketShutdown.Send);
                    break;
                default:
                    http.Dispose();
                    break;
            }
        }

        public void Dispose() => http.Dispose();

        private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            Sockets.Add(socket);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
    }
}
