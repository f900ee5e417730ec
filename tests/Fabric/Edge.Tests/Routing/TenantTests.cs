using System.Net;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Routing;

/// <summary>Organizations do not get each other's requests, whatever the entities of one say.</summary>
public sealed class TenantTests
{
    private static RawOrigin Origin(string name) => RawOrigin.Answering($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");

    [Fact]
    public async Task Instance_OfAnotherOrganization_WithTheSameRelease_GetsNoRequests()
    {
        await using var mine = Origin("mine");
        await using var theirs = Origin("theirs");
        await using var edge = await TestEdge.StartAsync(new TableSnapshot(
            [TestEdge.Route()], [TestEdge.Instance(mine.EndPoint), TestEdge.Instance(theirs.EndPoint, "ins_2", org: "org_2")]));
        using var client = edge.CreateClient();
        for (var i = 0; i < 20; i++) Assert.Equal("mine", await client.GetStringAsync("/"));
        Assert.Equal(0, theirs.Connections);
    }

    /// <summary>
    /// Callers send their tokens to the API's host: no longer path, and no older route, of the same project gets between.
    /// </summary>
    [Fact]
    public async Task Host_OfTheApi_ServesNothingElse()
    {
        await using var api = Origin("api");
        await using var thief = Origin("thief");
        var route = TestEdge.Route() with { Targets = [ApiRoute.Target], CreatedAt = DateTimeOffset.UnixEpoch.AddDays(1) };
        await using var edge = await TestEdge.StartAsync(new TableSnapshot(
            [TestEdge.Route(path: "/api/v1"), route, TestEdge.Route(path: "/longer") with { CreatedAt = DateTimeOffset.UnixEpoch }],
            [ApiRoute.InstanceAt(new Uri($"http://{api.EndPoint}"), "org_1")!, TestEdge.Instance(thief.EndPoint)]));
        using var client = edge.CreateClient();
        foreach (var path in new[] { "/", "/api/v1/deployments", "/longer" }) Assert.Equal("api", await client.GetStringAsync(path));
        Assert.Equal(0, thief.Connections);
    }

    [Fact]
    public async Task Host_OfTwoOrganizations_BelongsToTheOlderRoute()
    {
        await using var mine = Origin("mine");
        await using var theirs = Origin("theirs");
        var older = TestEdge.Route() with { CreatedAt = DateTimeOffset.UnixEpoch };
        var later = TestEdge.Route(path: "/longer", release: "rel_2") with
        {
            Org = "org_2", CreatedAt = DateTimeOffset.UnixEpoch.AddDays(1),
        };
        await using var edge = await TestEdge.StartAsync(new TableSnapshot(
            [later, older], [TestEdge.Instance(mine.EndPoint), TestEdge.Instance(theirs.EndPoint, "ins_2", "rel_2", "org_2")]));
        using var client = edge.CreateClient();
        Assert.Equal("mine", await client.GetStringAsync("/longer"));
        Assert.Equal(0, theirs.Connections);
    }

    [Fact]
    public void Check_OneAddressForTwoOrganizations_TheOlderInstanceHasIt()
    {
        PlacedInstance Placed(string id, string org) => new(new InstanceRecord(id, org, "rel", "10.20.4.2", 80), "nod_1");
        NodeRecord[] nodes = [new("nod_1", "10.20.4.0/22", null, IsUp: true)];
        var (allowed, refused) = PlacedInstance.Check(
            [Placed("ins_2", "org_2"), Placed("ins_1", "org_1"), Placed("ins_3", "org_1")], nodes);
        Assert.Equal(["ins_1", "ins_3"], allowed.Select(i => i.Id));
        Assert.Equal(["ins_2"], refused.Select(i => i.Id));
        Assert.Empty(PlacedInstance.Check([Placed("ins_1", "org_1")], []).Allowed);
    }
}
