using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Strata.Api.Tests.Hosting;
using Strata.Tunnels.Server;

namespace Strata.Tunnels.Tests;

/// <summary>
/// A machine that leaves while its tunnel is being opened leaves nothing: neither lease nor listener nor a place of its organization.
/// </summary>
public sealed class TunnelOpeningTests : IAsyncLifetime
{

    private TunnelHost host = null!;

    public async ValueTask InitializeAsync() => host = await TunnelHost.StartAsync();

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Connect_ClientLeavesWhileTheLeaseIsTaken_LeavesNothing()
    {
        host.Leases.Shut();
        using var left = new CancellationTokenSource();
        using var machine = Machine();
        var connecting = machine.ConnectAsync(host.ConnectUrl, left.Token);
        await host.Leases.Asked.Task;
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => connecting);
        machine.Abort();
        host.Leases.Open();
        await NothingIsLeftAsync();
        await ConnectsAsync();
    }

    [Fact]
    public async Task Connect_AgainWhileAnAbandonedRequestIsStillOpening_KeepsTheRetryConnected()
    {
        host.Leases.Shut();
        using var left = new CancellationTokenSource();
        using var abandoned = Machine();
        var connecting = abandoned.ConnectAsync(SameMachineUrl, left.Token);
        await host.Leases.Asked.Task;
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => connecting);
        abandoned.Abort();

        using var retry = Machine();
        await ConnectAsync(retry, lets: () => host.Leases.Pass());
        Assert.True(host.Sessions.TryGet(host.TunnelId, out var live));
        var holder = await host.Leases.HolderAsync("tunnel/" + host.TunnelId, default);
        host.Leases.Open();
        await Wait.UntilAsync(
            () => Task.FromResult(host.Sessions.Shares.Single().Used == 1 && host.Leases.Released > 0), "the abandoned request has ended");
        Assert.NotNull(holder);
        Assert.Equal(holder, await host.Leases.HolderAsync("tunnel/" + host.TunnelId, default));
        Assert.True(host.Sessions.TryGet(host.TunnelId, out var present) && present == live, "the retry's listener is still the tunnel's");
        retry.Abort();
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Connect_AgainWhileTheFormerConnectionIsOpen_ReplacesIt()
    {
        using var former = Machine();
        await ConnectAsync(former);
        using var later = Machine();
        await ConnectAsync(later);
        Assert.True(host.Sessions.TryGet(host.TunnelId, out var live));
        var holder = await host.Leases.HolderAsync("tunnel/" + host.TunnelId, default);
        former.Abort();
        await Wait.UntilAsync(
            () => Task.FromResult(host.Sessions.Shares.Single().Used == 1 && host.Leases.Released > 0), "the former session has ended");
        Assert.Equal(holder, await host.Leases.HolderAsync("tunnel/" + host.TunnelId, default));
        Assert.True(host.Sessions.TryGet(host.TunnelId, out var present) && present == live);
        using var http = host.Client();
        var tunnel = await http.SendJsonAsync("GET", $"/api/v1/tunnels/{host.TunnelId}");
        Assert.Equal("CONNECTED", tunnel.Text("state"));
        later.Abort();
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Connect_WhenAnotherMachineGetsTheLeaseBeforeTheTakeOver_IsRefused()
    {
        using var former = Machine();
        await ConnectAsync(former);
        host.Leases.LapseBeforeTakeOver("another machine/1");
        using var later = Machine();
        await Assert.ThrowsAsync<WebSocketException>(() => later.ConnectAsync(SameMachineUrl, TestContext.Current.CancellationToken));
        Assert.Equal("another machine/1", await host.Leases.HolderAsync("tunnel/" + host.TunnelId, default));
    }

    [Fact]
    public void Add_ThatComesAfterALaterSession_DoesNotReplaceIt()
    {
        using var earlier = new TunnelListener(TunnelOptions.Default, TimeProvider.System);
        using var later = new TunnelListener(TunnelOptions.Default, TimeProvider.System);
        var sessions = new TunnelSessions(TunnelOptions.Default);
        sessions.Add("t", later, epoch: 2);
        sessions.Add("t", earlier, epoch: 1);
        Assert.True(sessions.TryGet("t", out var present) && present == later);
        sessions.Remove("t", earlier);
        Assert.True(sessions.TryGet("t", out _));
        sessions.Remove("t", later);
        Assert.False(sessions.TryGet("t", out _));
    }

    [Fact]
    public async Task Connect_WhileAnotherMachineIsConnected_IsRefused()
    {
        using var first = Machine();
        await ConnectAsync(first);
        using var other = Machine();
        await Assert.ThrowsAsync<WebSocketException>(() => other.ConnectAsync(host.ConnectUrl, TestContext.Current.CancellationToken));
        first.Abort();
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Connect_ClientsLeaveAtAnyMoment_LeaveNothing()
    {
        var random = Seeded.Random();
        for (var i = 0; i < 60; i++)
        {
            using var left = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.NextDouble() * 12));
            using var machine = Machine();
            try
            {
                await machine.ConnectAsync(host.ConnectUrl, left.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or WebSocketException)
            {
                // It left early, or the one before it has not been let go of yet.
            }
            machine.Abort();
        }
        await NothingIsLeftAsync();
        using var http = host.Client();
        await Wait.UntilAsync(
            async () => (await http.SendJsonAsync("GET", $"/api/v1/tunnels/{host.TunnelId}")).Text("state") == "WAITING",
            "the tunnel waits for the next machine");
        await ConnectsAsync();
    }

    private Uri SameMachineUrl => new(host.ConnectUrl + "?machine=m");

    /// <summary>By the machine m, until the server says that it is connected.</summary>
    private async Task ConnectAsync(ClientWebSocket machine, Action? lets = null)
    {
        lets?.Invoke();
        await machine.ConnectAsync(SameMachineUrl, TestContext.Current.CancellationToken);
        var received = await machine.ReceiveAsync(new byte[4096], TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketMessageType.Text, received.MessageType);
    }

    private ClientWebSocket Machine()
    {
        var machine = new ClientWebSocket();
        machine.Options.SetRequestHeader("Authorization", "Bearer " + host.Token);
        return machine;
    }

    private Task NothingIsLeftAsync() => Wait.UntilAsync(
        async () => host.Sessions.Shares.Single().Used == 0
            && !host.Sessions.TryGet(host.TunnelId, out _)
            && await host.Leases.HolderAsync("tunnel/" + host.TunnelId, default) is null,
        "neither place nor listener nor lease is left");

    /// <summary>The tunnel still works, and its port is closed when the machine leaves.</summary>
    private async Task ConnectsAsync()
    {
        using var machine = Machine();
        await machine.ConnectAsync(host.ConnectUrl, TestContext.Current.CancellationToken);
        var received = await machine.ReceiveAsync(new byte[4096], TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketMessageType.Text, received.MessageType);
        Assert.True(host.Sessions.TryGet(host.TunnelId, out var listener));
        var endPoint = listener.EndPoint;
        machine.Abort();
        await NothingIsLeftAsync();
        await Wait.UntilAsync(async () => !await ListensAsync(endPoint), "the port is closed");
    }

    private static async Task<bool> ListensAsync(IPEndPoint endPoint)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
