using System.Net;
using Strata.Contracts;
using Strata.Core;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Routing;

public class TableFollowerTests
{
    private static Task<TestEdge> StartAsync(Uri api, string folder) =>
        TestEdge.StartAsync(with: o => o with
        {
            ApiUrl = api, ApiToken = "edge-token", DataFolder = folder,
            TunnelAddresses = new(new IPNetwork(IPAddress.Loopback, 32), 1, 65535),
        });

    private static RawOrigin Origin(string name) => RawOrigin.Answering($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");

    private static void PutRoute(FakeApi api, params string[] releases) => api.Put("app",
        new RouteSpec { Host = "App.localhost", Deployment = "dep_1" },
        new RouteStatus { DeploymentName = "app", Message = releases.Length == 0
            ? "The build failed." : null, Targets = [.. releases.Select(r => new RouteTarget(r, 1, null))] });

    private static async Task SeesAsync(TestEdge edge, string body)
    {
        using var client = edge.CreateClient();
        var last = "";
        await Wait.UntilAsync(() => (last = client.GetStringAsyncOr("/")) == body, $"\"{body}\", last \"{last}\"");
    }

    [Fact]
    public async Task Table_FollowsRoutesAndInstances()
    {
        using var folder = new TempFolder();
        await using var api = await FakeApi.StartAsync();
        await using var one = Origin("one");
        await using var two = Origin("two");
        PutRoute(api, "rel_1");
        api.PutInstance("a", one.EndPoint, "rel_1");
        await using var edge = await StartAsync(api.Url, folder.Path);
        await SeesAsync(edge, "one");

        api.PutInstance("b", two.EndPoint, "rel_2");
        PutRoute(api, "rel_2");
        await SeesAsync(edge, "two");

        api.PutInstance("b", two.EndPoint, "rel_2", InstanceStates.Draining);
        await SeesAsync(edge, "503");

        api.PutInstance("c", one.EndPoint, "rel_2");
        await SeesAsync(edge, "one");
    }

    /// <summary>Edges may be upgraded before servers.</summary>
    [Fact]
    public async Task Table_OfAServerWithoutCertificates_IsFollowed()
    {
        using var folder = new TempFolder();
        await using var api = await FakeApi.StartAsync(knowsCertificates: false);
        await using var one = Origin("one");
        PutRoute(api, "rel_1");
        api.PutInstance("a", one.EndPoint, "rel_1");
        await using var edge = await StartAsync(api.Url, folder.Path);
        await SeesAsync(edge, "one");
    }

    /// <summary>Its key comes by itself, and the edge serves without the control plane after a restart.</summary>
    [Fact]
    public async Task Certificates_AreFollowed_AndKept()
    {
        using var certificates = new TestCertificates();
        await using var api = await FakeApi.StartAsync();
        await using var one = Origin("one");
        PutRoute(api, "rel_1");
        api.PutInstance("a", one.EndPoint, "rel_1");
        var (chain, key, fingerprint) = certificates.Issue("app.localhost");
        api.PutKey("crt_app", fingerprint, chain, key);
        api.Put("app", new CertificateSpec { Hosts = ["app.localhost"] }, new CertificateStatus
        {
            Hosts = ["app.localhost"], Fingerprint = fingerprint, NotAfter = TimeProvider.System.GetUtcNow().AddDays(1),
        });
        for (var i = 0; i < 2; i++)
        {
            await using var edge = await TestEdge.StartAsync(with: o => o with
            {
                ApiUrl = api.Url, ApiToken = "edge-token", DataFolder = certificates.Folder.Path,
                Https = [new IPEndPoint(IPAddress.Loopback, 0)],
            });
            await SeesAsync(edge, "one");
            using var client = certificates.CreateClient(edge, "app.localhost");
            Assert.Equal("one", await client.GetStringAsync("/"));
            api.Token = "another"; // as if the control plane were gone
        }
        Assert.Equal(1, api.KeyRequests);
    }

    /// <summary>After a start of the node, for example; one that waits after a crash is not on its way.</summary>
    [Fact]
    public async Task Request_WaitsForAnInstanceThatStarts_NotForOneThatCrashed()
    {
        using var folder = new TempFolder();
        await using var api = await FakeApi.StartAsync();
        await using var one = Origin("one");
        PutRoute(api, "rel_1");
        PutBackOff(DateTimeOffset.MaxValue);
        await using var edge = await TestEdge.StartAsync(with: o => o with
        {
            ApiUrl = api.Url, ApiToken = "edge-token", DataFolder = folder.Path,
            Upstream = o.Upstream with { HoldTimeout = TimeSpan.FromMinutes(1) },
        });
        await SeesAsync(edge, "503");
        using var client = edge.CreateClient();
        PutBackOff(null);
        Task<HttpResponseMessage> asked;
        do
        {
            asked = client.GetAsync("/");
            await Wait.UntilAsync(
                () => asked.IsCompleted || edge.ReadMetrics().Contains("strata.edge.requests.held 1\n", StringComparison.Ordinal),
                "it is answered or waits");
        }
        while (asked.IsCompleted);
        api.PutNode(new NodeStatus { InstanceSubnets = ["127.0.0.1/32"] }, NodeStates.Down); // nothing starts on it
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await asked).StatusCode);
        api.PutNode(new NodeStatus { InstanceSubnets = ["127.0.0.1/32"] });
        api.PutInstance("a", one.EndPoint, "rel_1");
        await SeesAsync(edge, "one");

        void PutBackOff(DateTimeOffset? next) => api.Put(
            "a", new InstanceSpec { Deployment = "dep_1", Node = "nod_1", Release = "rel_1", Image = "sha256:0", Command = [] },
            new InstanceStatus { NextStartAt = next }, InstanceStates.Backoff);
    }

    /// <summary>Whatever its status says: it is the node that knows where its instances are.</summary>
    [Fact]
    public async Task Instance_AtAnAddressThatItsNodeDoesNotDeclare_GetsNoRequests()
    {
        using var folder = new TempFolder();
        await using var api = await FakeApi.StartAsync();
        await using var one = Origin("one");
        api.PutNode(new NodeStatus { InstanceSubnets = ["10.20.4.0/22"] });
        PutRoute(api, "rel_1");
        api.PutInstance("a", one.EndPoint, "rel_1");
        await using var edge = await StartAsync(api.Url, folder.Path);
        await SeesAsync(edge, "503");

        api.PutNode(new NodeStatus { InstanceSubnets = ["127.0.0.1/32"], HostPorts = new PortRange(1, 2) });
        api.PutNode(new NodeStatus { InstanceSubnets = ["127.0.0.1/32"], HostPorts = new PortRange(one.EndPoint.Port, one.EndPoint.Port) });
        await SeesAsync(edge, "one");
    }

    /// <summary>A tunnel is a route of its own with one instance, while a machine is connected.</summary>
    [Fact]
    public async Task Table_FollowsTunnels()
    {
        using var folder = new TempFolder();
        await using var api = await FakeApi.StartAsync();
        await using var one = Origin("one");
        var connected = new TunnelStatus { Host = "app.localhost", Address = one.EndPoint.Address.ToString(), Port = one.EndPoint.Port };
        api.Put("mine", connected, TunnelStates.Connected);
        await using var edge = await StartAsync(api.Url, folder.Path);
        await SeesAsync(edge, "one");

        api.Put("mine", connected with { Address = null, Port = null }, TunnelStates.Waiting);
        await SeesAsync(edge, "503");

        api.Put("mine", connected, TunnelStates.Waiting, deleted: true);
        await SeesAsync(edge, "404");
    }

    [Fact]
    public async Task Route_WithoutTargets_SaysWhy()
    {
        using var folder = new TempFolder();
        await using var api = await FakeApi.StartAsync();
        PutRoute(api);
        await using var edge = await StartAsync(api.Url, folder.Path);
        await SeesAsync(edge, "503");
        using var client = edge.CreateClient();
        using var response = await client.GetAsync("/");
        var page = await response.Content.ReadAsStringAsync();
        Assert.Contains("The deployment \"app\"", page, StringComparison.Ordinal);
        Assert.Contains("The build failed.", page, StringComparison.Ordinal);
        Assert.Contains("strata logs app", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_ThatBreaks_IsTakenUpAgainAndWhatIsGoneGoes()
    {
        using var folder = new TempFolder();
        await using var api = await FakeApi.StartAsync();
        await using var one = Origin("one");
        PutRoute(api, "rel_1");
        api.PutInstance("a", one.EndPoint, "rel_1");
        await using var edge = await StartAsync(api.Url, folder.Path);
        await SeesAsync(edge, "one");

        api.CutWatches();
        api.PutInstance("a", one.EndPoint, "rel_1", InstanceStates.Stopped, deleted: true);

        await SeesAsync(edge, "503");
    }

    /// <summary>The watches end because their token was replaced, and the file has the new one a little later.</summary>
    [Fact]
    public async Task Edge_WhoseTokenIsRefused_ServesOn_AndFollowsAgainWithTheOneInItsFile()
    {
        using var folder = new TempFolder();
        var file = Path.Combine(folder.Path, "edge.token");
        AtomicFile.WritePrivate(file, "edge-token");
        await using var api = await FakeApi.StartAsync();
        await using var one = Origin("one");
        await using var two = Origin("two");
        PutRoute(api, "rel_1");
        api.PutInstance("a", one.EndPoint, "rel_1");
        api.PutInstance("b", two.EndPoint, "rel_2");
        await using var edge = await TestEdge.StartAsync(
            with: o => o with { ApiUrl = api.Url, ApiTokenFile = file, DataFolder = folder.Path });
        await SeesAsync(edge, "one");

        api.Token = "another";
        api.CutWatches();
        PutRoute(api, "rel_2");
        await Wait.UntilAsync(() => Volatile.Read(ref api.Refused) >= 4, "each watch was refused");
        await SeesAsync(edge, "one");

        AtomicFile.WritePrivate(file, "another");
        await SeesAsync(edge, "two");
    }

    [Fact]
    public async Task Edge_WithoutControlPlane_ServesFromItsLastGoodTable()
    {
        using var folder = new TempFolder();
        await using var one = Origin("one");
        var api = await FakeApi.StartAsync();
        var url = api.Url;
        PutRoute(api, "rel_1");
        api.PutInstance("a", one.EndPoint, "rel_1");
        await using (var first = await StartAsync(url, folder.Path))
        {
            await SeesAsync(first, "one");
            await api.DisposeAsync();
            await SeesAsync(first, "one");
            await Wait.UntilAsync(() => File.Exists(Path.Combine(folder.Path, "table.json")), "the table is on disk");
        }
        await using var second = await StartAsync(url, folder.Path);
        Assert.True(second.Server.Ready.IsCompleted);
        using var client = second.CreateClient();
        Assert.Equal("one", await client.GetStringAsync("/"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"version\":99}")]
    [InlineData("null")]
    public async Task Edge_WithABrokenTableFile_StartsWithoutIt(string content)
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "table.json"), content);
        await using var edge = await TestEdge.StartAsync(with: o => o with { DataFolder = folder.Path });
        using var client = edge.CreateClient();
        using var response = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.False(edge.Server.Ready.IsCompleted);
    }
}

internal static class HttpClientTexts
{
    /// <summary>The body, or the status of what did not succeed.</summary>
    public static string GetStringAsyncOr(this HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = client.Send(request);
        using var reader = new StreamReader(response.Content.ReadAsStream());
        return response.IsSuccessStatusCode ? reader.ReadToEnd()
            : ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
