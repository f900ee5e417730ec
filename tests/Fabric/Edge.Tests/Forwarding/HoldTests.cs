using System.Net;
using System.Net.Sockets;
using Strata.Contracts;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>Requests that come while their instance is on its way wait for it, for a bounded time and in a bounded number.</summary>
public class HoldTests
{
    private const string Held = "strata.edge.requests.held ";

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private static TableSnapshot Starting(string host = TestEdge.Host, string org = "org_1") =>
        new([TestEdge.Route(host) with { Org = org }], [])
    {
        Starting = [new StartingRelease(org, "rel_1")],
    };

    private static Task<TestEdge> StartAsync(TableSnapshot table, TimeSpan hold, Func<EdgeLimits, EdgeLimits>? limits = null) =>
        TestEdge.StartAsync(table, o => o with
        {
            Upstream = o.Upstream with { HoldTimeout = hold }, Limits = limits?.Invoke(o.Limits) ?? o.Limits,
        });

    private static Task HoldsAsync(TestEdge edge, int count) =>
        Wait.UntilAsync(() => edge.ReadMetrics().Contains($"{Held}{count}\n", StringComparison.Ordinal), $"{count} requests wait");

    [Fact]
    public async Task Request_WhileItsInstanceStarts_IsAnsweredOnceItIsReady()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await StartAsync(Starting(), Long);
        using var client = edge.CreateClient();
        var asked = Enumerable.Range(0, 20).Select(_ => client.GetStringAsync("/")).ToList();
        await HoldsAsync(edge, 20);
        edge.Server.Apply(Starting("other.localhost") with { Routes = [TestEdge.Route(), TestEdge.Route("other.localhost")] });
        Assert.DoesNotContain(asked, a => a.IsCompleted);

        edge.Server.Apply(TestEdge.TableOf(origin.EndPoint));
        foreach (var answer in await Task.WhenAll(asked)) Assert.Equal("ok", answer);
        await HoldsAsync(edge, 0);
    }

    [Fact]
    public async Task Request_WhoseInstanceDoesNotStartInTime_IsRefused()
    {
        await using var edge = await StartAsync(Starting(), TimeSpan.FromMilliseconds(200));
        using var client = edge.CreateClient();
        using var response = await client.GetAsync("/");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "NO_INSTANCE"),
            (response.StatusCode, response.Headers.GetValues("X-Strata-Error").Single()));
        await HoldsAsync(edge, 0);
    }

    /// <summary>Its instance failed, or its route is gone.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_ThatNothingIsOnItsWayForAnyMore_IsRefusedAtOnce(bool keepsRoute)
    {
        await using var edge = await StartAsync(Starting(), Long);
        using var client = edge.CreateClient();
        var asked = client.GetAsync("/");
        await HoldsAsync(edge, 1);
        edge.Server.Apply(keepsRoute ? new TableSnapshot([TestEdge.Route()], []) : TableSnapshot.Empty);
        using var response = await asked;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task Requests_BeyondTheBoundOfAnOrganization_AreRefusedAtOnce_AndOthersStillWait()
    {
        var both = Starting() with
        {
            Routes = [TestEdge.Route(), TestEdge.Route("theirs.localhost") with { Org = "org_2" }],
            Starting = [new StartingRelease("org_1", "rel_1"), new StartingRelease("org_2", "rel_1")],
        };
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await StartAsync(both, Long, l => l with { HeldRequestsMax = 4, HeldRequestsPerOrganizationMax = 3 });
        using var client = edge.CreateClient();
        var asked = Enumerable.Range(0, 3).Select(_ => client.GetAsync("/")).ToList();
        await HoldsAsync(edge, 3);
        using (var refused = await client.GetAsync("/")) Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        asked.Add(client.GetAsync("http://theirs.localhost/"));
        await HoldsAsync(edge, 4);
        using (var refused = await client.GetAsync("http://theirs.localhost/"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);

        var ready = TestEdge.Instance(origin.EndPoint);
        edge.Server.Apply(both with { Instances = [ready, ready with { Id = "ins_2", Org = "org_2" }] });
        foreach (var answer in await Task.WhenAll(asked))
            using (answer) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Request_ThatItsClientGivesUp_WaitsNoLonger()
    {
        await using var edge = await StartAsync(Starting(), Long);
        using var client = edge.CreateClient();
        using var patience = new CancellationTokenSource();
        var asked = client.GetAsync("/", patience.Token);
        await HoldsAsync(edge, 1);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await HoldsAsync(edge, 0);
    }

    /// <summary>As with a table from before the node's restart; the body must not get lost while it waits.</summary>
    [Fact]
    public async Task Post_ToAnInstanceThatCannotBeReached_ReachesIt_OnceItIsBack()
    {
        using var socket = BoundSocket();
        var place = (IPEndPoint)socket.LocalEndPoint!;
        await using var edge = await StartAsync(TestEdge.TableOf(place), Long);
        using var client = edge.CreateClient();
        var asked = client.PostAsync("/", new StringContent("the body"));
        await HoldsAsync(edge, 1);
        socket.Listen();
        using var accepted = await socket.AcceptAsync();
        var received = "";
        var buffer = new byte[4096];
        while (!received.EndsWith("the body", StringComparison.Ordinal))
            received += System.Text.Encoding.ASCII.GetString(buffer, 0, await accepted.ReceiveAsync(buffer));
        await accepted.SendAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray());
        using var response = await asked;
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    [Fact]
    public async Task Request_ToAnInstanceThatMoved_GoesToItsNewAddress()
    {
        using var socket = BoundSocket();
        var place = (IPEndPoint)socket.LocalEndPoint!;
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmoved");
        await using var edge = await StartAsync(TestEdge.TableOf(place), Long);
        using var client = edge.CreateClient();
        var asked = client.GetStringAsync("/");
        await HoldsAsync(edge, 1);
        edge.Server.Apply(Starting());
        edge.Server.Apply(TestEdge.TableOf(origin.EndPoint));
        Assert.Equal("moved", await asked);
    }

    [Fact]
    public async Task Route_WithZeroHoldSeconds_RefusesAtOnce()
    {
        var table = Starting();
        await using var edge = await StartAsync(
            table with { Routes = [table.Routes[0] with { Limits = new RouteLimits { HoldSeconds = 0 } }] }, Long);
        using var client = edge.CreateClient();
        using var response = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    /// <summary>It refuses connections until it listens, and no other test gets its port.</summary>
    private static Socket BoundSocket()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
