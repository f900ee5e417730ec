using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Strata.Server.Hosting;
using Strata.Server.Options;

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
        for (var i = 0; i < 3000; i++) Assert.Null(PortCheck.Check(Options(IPAddress.Loopback, 1, port), Setting.HttpPort));
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
        var error = PortCheck.Check(Options(IPAddress.Parse(wanted), 1, ((IPEndPoint)listener.LocalEndpoint).Port), Setting.HttpPort);
        Assert.Equal("PORT_IN_USE", error?.Code);
    }

    [Fact]
    public void Check_WhereAnotherListens_NamesItAndProposesAFreePortWithTheOtherFlags()
    {
        // As many ports in a row as can be had: all are taken but for one, which the API is to have.
        using var first = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        var port = ((IPEndPoint)first.LocalEndpoint).Port;
        using var second = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            second.Bind(new IPEndPoint(IPAddress.Loopback, port + 1));
            second.Listen();
        }
        catch (SocketException)
        {
            // Another has it: taken all the same.
        }
        var options = Options(IPAddress.Loopback, port + 2, port);
        var error = PortCheck.Check(options, Setting.HttpPort)!;
        Assert.Contains($"(process {Environment.ProcessId})", error.Message, StringComparison.Ordinal);
        var proposal = Regex.Match(error.NextStep!, @"strata up --api-port (\d+) --http-port (\d+)");
        Assert.Equal(port + 2, int.Parse(proposal.Groups[1].Value, CultureInfo.InvariantCulture));
        var free = int.Parse(proposal.Groups[2].Value, CultureInfo.InvariantCulture);
        Assert.DoesNotContain(free, (int[])[port, port + 1, port + 2]);
        Assert.Null(PortCheck.Check(options with { HttpPort = free }, Setting.HttpPort));
    }

    private static ServerOptions Options(IPAddress listen, int apiPort, int httpPort) => new()
    {
        Home = new HomeLayout("/nowhere"), Listen = listen, ApiPort = apiPort, HttpPort = httpPort, EdgeMode = EdgeMode.InProcess,
        Settings = [new SettingValue(Setting.ApiPort, $"{apiPort}", "flag --api-port"),
            new SettingValue(Setting.HttpPort, $"{httpPort}", "flag --http-port")],
    };

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
