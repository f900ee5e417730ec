using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Resources.Servers;
using Strata.Storage.Memory;

namespace Strata.Api.Tests;

/// <summary>What becomes of requests to another server that is slow, silent or gone.</summary>
public sealed class PeerClientTests : TwoServers
{

    [Fact]
    public async Task ServerThatLostPower_RefusesAllThatWaitForIt_Together_AsNotSent()
    {
        using var silent = new SilentListener();
        var peer = new PeerServer("silent", "silent", silent.Address);
        using var client = Client(new FakeTime()); // no deadline of a call and no end of the rest: only what one failed connect causes
        var calls = Enumerable.Range(0, 40).Select(_ => AskAsync(client, peer)).ToList();
        foreach (var outcome in await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(40))) // one after the other it would be 80
            Assert.True(PeerErrors.WasNotSent(outcome.Error!), outcome.Error!.Code);
        var next = AskAsync(client, peer);
        Assert.True(next.IsCompleted);
        Assert.True(PeerErrors.WasNotSent((await next).Error!));
    }

    [Fact]
    public async Task CallWithoutAConnection_EndsAtItsDeadline_AsNotSent()
    {
        using var silent = new SilentListener();
        var (peer, time) = (new PeerServer("silent", "silent", silent.Address), new FakeTime());
        using var client = Client(time);
        var call = AskAsync(client, peer);
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(PeerErrors.WasNotSent((await call).Error!));
    }

    [Fact]
    public async Task AnswerThatNeverComes_IsNotTakenForNotSent_AndOutlivesTheDeadlineOfTheConnect()
    {
        var time = new FakeTime();
        using var client = Client(time);
        var call = AskAsync(client, SecondPeer, "/internal/silence");
        await Wait.UntilAsync(() => second.Services.GetRequiredService<Silence>().IsHeard, "the other has the request");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(call.IsCompleted);
        await second.KillAsync();
        var error = (await call).Error!;
        Assert.Equal((PeerErrors.UnavailableCode, false), (error.Code, PeerErrors.WasNotSent(error)));
    }

    [Fact]
    public async Task Answer_WaitsForRoomOfItsOrganization_AndReturnsIt()
    {
        var time = new FakeTime();
        using var client = Client(time);
        long Used() => client.Shares.Single(s => s.Resource.StartsWith("bodies", StringComparison.Ordinal)).Used;

        var all = client.TryReserve(first.Org, long.MaxValue).Value;
        Assert.Equal("SERVER_BUSY", client.TryReserve(first.Org, 1).Error!.Code);
        using (var other = (await AskAsync(client, SecondPeer, tenant: first.OtherOrg)).Value)
            Assert.True((await other.ReadAsync(100, default)).IsOk);
        using (var late = (await AskAsync(client, SecondPeer)).Value)
        {
            var reading = late.ReadAsync(100, default);
            await Wait.UntilAsync(() => client.Shares.Any(s => s.Waiting == 1), "it waits");
            time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(PeerErrors.UnavailableCode, (await reading).Error!.Code);
        }
        using (var patient = (await AskAsync(client, SecondPeer)).Value)
        {
            var reading = patient.ReadAsync(100, default);
            await Wait.UntilAsync(() => client.Shares.Any(s => s.Waiting == 1), "it waits");
            all.Dispose();
            Assert.True((await reading).IsOk);
            Assert.True(Used() > 0);
        }
        Assert.Equal(0, Used());
    }

    [Fact]
    public async Task Place_IsHeldByRequestsOfOrganizations_AndReturned_AlsoWhereThePrincipalCannotBePassedOn()
    {
        using var client = Client(TimeProvider.System);
        long Used() => client.Shares.Single(s => s.Resource.StartsWith("requests", StringComparison.Ordinal)).Used;

        using (await OkAsync(first.Org)) Assert.Equal(1, Used());
        Assert.Equal(0, Used());
        using (await OkAsync(TenantId.Platform)) Assert.Equal(0, Used());
        var strange = new Principal
        {
            Tenant = first.Org, Actor = "user:jane", Grants = [new Grant(new HashSet<string> { "x.read" }, new StrangeScope())],
        };
        await Assert.ThrowsAsync<NotSupportedException>(
            () => client.SendAsync(SecondPeer, "GET", "/internal/echo", strange, null, [], default));
        Assert.Equal(0, Used());

        async Task<PeerAnswer> OkAsync(TenantId tenant) => (await AskAsync(client, SecondPeer, tenant: tenant)).Value;
    }

    private PeerClient Client(TimeProvider time) =>
        new(first.Services.GetRequiredService<ServerDirectory>(), first.Services.GetRequiredService<PeerTokens>(), time,
            NullLogger<PeerClient>.Instance);

    private Task<Result<PeerAnswer>> AskAsync(PeerClient client, PeerServer peer, string path = "/internal/echo", TenantId? tenant = null)
    {
        var principal = new Principal { Tenant = tenant ?? first.Org, Actor = "user:jane", Grants = [] };
        return client.SendAsync(peer, "GET", path, principal, null, [], default);
    }

    private protected override void Configure(IServiceCollection services) => services.AddSingleton<Silence>();

    private protected override void Map(WebApplication app, string name)
    {
        app.MapGet("/internal/echo", () => "secret").ForPeersOnly();
        app.MapGet("/internal/silence", async (HttpContext http, Silence silence) =>
        {
            silence.IsHeard = true;
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        }).ForPeersOnly();
    }

    /// <summary>One that is not known to what writes tokens.</summary>
    private sealed record StrangeScope : GrantScope
    {
        internal override Condition? Of(Kind kind) => throw new NotSupportedException();
    }

    private sealed class Silence
    {
        public volatile bool IsHeard;
    }

    /// <summary>An address where connects get no answer, as those of a machine without power: the queue of a listener is full.</summary>
    private sealed class SilentListener : IDisposable
    {
        private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> queued = [];

        public SilentListener()
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(0);
            Address = new Uri($"http://{listener.LocalEndPoint}");
            for (var isTaken = true; isTaken;)
            {
                var next = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                queued.Add(next);
                isTaken = next.ConnectAsync(IPAddress.Loopback, Address.Port).Wait(TimeSpan.FromMilliseconds(300));
            }
        }

        public Uri Address { get; }

        public void Dispose()
        {
            listener.Dispose();
            foreach (var socket in queued) socket.Dispose();
        }
    }
}
