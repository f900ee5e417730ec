using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Informers;

/// <summary>The view by itself: changes of several organizations with listings in between, in random order, against what is so.</summary>
public sealed class InformerViewTests
{
    private static readonly string[] Colors = ["red", "green", "blue"];
    private static readonly string[] States = ["ON", "OFF"];

    private readonly List<TenantId> tenants = [.. Enumerable.Range(1, 3).Select(i => new TenantId(new Guid(i, 0, 0, new byte[8])))];
    private readonly Dictionary<ResourceKey, EntityRevision> truth = [];
    private readonly Dictionary<TenantId, long> heads = [];
    private readonly Dictionary<ResourceKey, EntityRevision> observed = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Apply_RandomChangesAndListings_FindsByEachIndexWhatThereIs(int run)
    {
        var random = Seeded.Random(run);
        var view = new InformerView([TestCloud.LampsByColor, TestCloud.LampsByFitting, TestCloud.LampsByState], (_, _) => { });
        view.Observe(Observe);
        var pending = new Queue<EntityRevision>();
        for (var round = 0; round < 60; round++)
        {
            // as of now, told later
            var listing = random.Next(3) == 0 ? truth.Values.OrderBy(r => (r.Tenant.Value, r.Id.Value)).ToList() : null;
            var isMissed = random.Next(2) == 0; // what the feed has not told is found by the listing only
            if (listing is not null && isMissed) pending.Clear();
            if (listing is not null) view.BeginListing();
            for (var i = 0; i < 40; i++)
            {
                if (random.Next(2) == 0) pending.Enqueue(Change(random));
                else if (pending.TryDequeue(out var change)) view.Apply(change);
                else if (listing is { Count: > 0 }) Take(view, listing);
            }
            while (listing is { Count: > 0 }) Take(view, listing);
            if (listing is not null) view.EndListing();
            if (random.Next(2) == 0) continue;
            while (pending.TryDequeue(out var change)) view.Apply(change);
            if (listing is not null || round == 0 || !isMissed) Check(view);
        }
        while (pending.TryDequeue(out var change)) view.Apply(change);
        Check(view);
    }

    [Fact]
    public void Apply_AnOlderRevision_ChangesNothing()
    {
        var view = new InformerView([TestCloud.LampsByColor], (_, _) => { });
        var (old, newer) = (Revision(tenants[0], 1, "red", "ON"), Revision(tenants[0], 2, "blue", "ON"));
        view.Apply(newer);
        view.Apply(old);
        Assert.Empty(view.Find(TestCloud.LampsByColor, tenants[0], "red"));
        Assert.Same(newer, Assert.Single(view.Find(TestCloud.LampsByColor, tenants[0], "blue")));
    }

    [Fact]
    public void Listed_WhatWasDeletedMeanwhile_IsNotPutBack()
    {
        var view = new InformerView([TestCloud.LampsByColor], (_, _) => { });
        view.BeginListing();
        view.Apply(Revision(tenants[0], 5, "red", "ON") with { Deleted = true });
        view.Listed(Revision(tenants[0], 4, "red", "ON")); // read before the deletion
        view.EndListing();
        Assert.Equal(0, view.Count);
    }

    [Fact]
    public void Find_TwoOrganizationsWithTheSameKey_AreKeptApart()
    {
        var view = new InformerView([TestCloud.LampsByColor, TestCloud.LampsByState], (_, _) => { });
        foreach (var tenant in tenants) view.Apply(Revision(tenant, 1, "red", "ON"));
        foreach (var tenant in tenants) Assert.Equal(tenant, Assert.Single(view.Find(TestCloud.LampsByColor, tenant, "red")).Tenant);
        Assert.Equal(3, view.Find(TestCloud.LampsByState, default, "ON").Length);
        Assert.Equal(tenants[1], Assert.Single(view.All(tenants[1])).Tenant);
    }

    [Fact]
    public void Apply_ADocumentWithoutKeys_IsKeptOutAndReported()
    {
        var reported = new List<EntityId>();
        var failing = new InformerIndex("failing", r => r.State == "ON" ? throw new FormatException("no key") : ["x"]);
        var view = new InformerView([failing], (r, _) => reported.Add(r.Id));
        view.Apply(Revision(tenants[0], 1, "red", "OFF"));
        var bad = Revision(tenants[0], 2, "red", "ON");
        view.Apply(bad);
        Assert.Equal(0, view.Count);
        Assert.Equal([bad.Id], reported);
        Assert.Empty(view.Find(failing, tenants[0], "x"));
        view.Apply(Revision(tenants[0], 3, "red", "OFF"));
        Assert.Single(view.Find(failing, tenants[0], "x"));
    }

    private static void Take(InformerView view, List<EntityRevision> listing)
    {
        view.Listed(listing[0]);
        listing.RemoveAt(0);
    }

    private void Observe(EntityRevision? was, EntityRevision? now)
    {
        var key = new ResourceKey((now ?? was)!.Tenant, (now ?? was)!.Id);
        Assert.Same(was, observed.GetValueOrDefault(key));
        if (now is null) observed.Remove(key);
        else observed[key] = now;
    }

    private EntityRevision Change(Random random)
    {
        var tenant = tenants[random.Next(tenants.Count)];
        var revision = heads[tenant] = heads.GetValueOrDefault(tenant) + 1;
        var id = random.Next(1, 9); // the same ids in each organization
        var change = Revision(tenant, revision, Colors[random.Next(3)], States[random.Next(2)], id) with { Deleted = random.Next(4) == 0 };
        var key = new ResourceKey(tenant, change.Id);
        if (change.Deleted) truth.Remove(key);
        else truth[key] = change;
        return change;
    }

    private void Check(InformerView view)
    {
        Assert.Equal(Names(truth.Values), Names(view.All(null)));
        Assert.Equal(Names(truth.Values), Names(observed.Values));
        Assert.Equal(truth.Values.Sum(r => (long)r.Document.Utf8.Length) + 512L * truth.Count, view.Bytes);
        foreach (var tenant in tenants)
        {
            Assert.Equal(Names(truth.Values.Where(r => r.Tenant == tenant)), Names(view.All(tenant)));
            foreach (var color in Colors)
                Assert.Equal(Names(truth.Values.Where(r => r.Tenant == tenant && ColorOf(r) == color)),
                    Names(view.Find(TestCloud.LampsByColor, tenant, color)));
        }
        foreach (var state in States)
            Assert.Equal(Names(truth.Values.Where(r => r.State == state)), Names(view.Find(TestCloud.LampsByState, default, state)));
        Assert.Equal(Names(truth.Values), Names(view.Find(TestCloud.LampsByFitting, default, "SCREW")));
    }

    private static string? ColorOf(EntityRevision revision) => ResourceDocument.ReadText(revision.Document, "spec", "color");

    private static IEnumerable<string> Names(IEnumerable<EntityRevision> revisions) =>
        revisions.Select(r => $"{r.Tenant}/{r.Id}@{r.Revision}").Order();

    private static EntityRevision Revision(TenantId tenant, long revision, string color, string state, int id = 1) => new()
    {
        Tenant = tenant,
        Id = new EntityId(new Guid(id, 1, 0, new byte[8])),
        Model = LampKind.Kind.Model,
        Revision = new Revision(revision),
        Commit = default,
        State = state,
        Document = JsonText.FromString($$$"""{"name":"a","spec":{"rooms":["x"],"color":"{{{color}}}","fitting":"SCREW"},"status":{}}"""),
        CreatedAt = DateTimeOffset.UnixEpoch,
        ChangedAt = DateTimeOffset.UnixEpoch,
        ChangedBy = "test",
    };
}
