using System.Net;
using System.Net.Sockets;
using Strata.Server.Hosting;

namespace Strata.Server.Tests.Hosting;

public sealed class PortCheckTests
{
    /// <summary>A check that listened would accept clients, and reset them a moment later.</summary>
    [Fact]
    public async Task Check_WhileClientsConnect_AcceptsNone()
    {
        var port = FreePort.Next();
        using var ended = new CancellationTokenSource();
        var connecting = Task.Run(
            () =>
            {
                var connected = 0;
                while (!ended.IsCancellationRequested) connected += Connects(port) ? 1 : 0;
                return connected;
            },
            TestContext.Current.CancellationToken);
        for (var i = 0; i < 3000; i++) Assert.Null(PortCheck.Check(IPAddress.Loopback, port, "edge", "--http-port"));
        await ended.CancelAsync();
        Assert.Equal(0, await connecting);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    public void Check_WhereAnotherListens_SaysSo(string listening, string wanted)
    {
        using var listener = new TcpListener(IPAddress.Parse(listening), 0);
        listener.Start();
        var error = PortCheck.Check(IPAddress.Parse(wanted), ((IPEndPoint)listener.LocalEndpoint).Port, "edge", "--http-port");
        Assert.Equal("PORT_IN_USE", error?.Code);
    }

    private static bool Connects(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return !socket.LocalEndPoint!.Equals(socket.RemoteEndPoint); // the kernel may connect a socket to itself
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
