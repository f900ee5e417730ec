using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>Lists of entities: order, pages, the past, every tenant.</summary>
public abstract partial class LogContract
{
    [Fact]
    public async Task Scan_InPages_GivesEachOnceInOrder()
    {
        var random = Seeded.Random();
        var ids = Enumerable.Range(0, 25).Select(
            _ => new EntityId(Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddMilliseconds(random.Next())))).ToList();
        foreach (var id in ids) await Log.CommitAsync(tenant, Create(id));
        await Log.CommitAsync(tenant, Create(Entity(), model: new ModelKey("customer", 1)));
        await Log.CommitAsync(tenant, Create(Entity(), model: new ModelKey("order", 2)));

        var ordered = ids.Order(Comparer<EntityId>.Create((a, b) => a.Value.CompareTo(b.Value))).ToList();
        Assert.Equal(ordered, await PagesAsync(Scan(tenant) with { Limit = 7 }));
        ordered.Reverse();
        Assert.Equal(ordered, await PagesAsync(Scan(tenant) with { Limit = 7, Descending = true }));
    }

    [Fact]
    public async Task Scan_AsOf_GivesWhatWasThen()
    {
        var (a, b, c) = (Entity(), Entity(), Entity());
        var first = await Log.CommitAsync(tenant, Create(a, """{"v":1}"""), Create(b, """{"v":1}"""));
        var second = await Log.CommitAsync(tenant, Update(a, first.Revision, """{"v":2}"""), Delete(b, first.Revision), Create(c, """{"v":1}"""));

        var v1 = new Condition.Compare(new Field.Path(JsonPath.Parse("$.v")), Operator.Equal, [JsonText.FromString("1")]);
        var scan = Scan(tenant) with { Where = v1 };
        Assert.Equal([c], await PagesAsync(scan));
        Assert.Equal(InOrder(a, b), await PagesAsync(scan with { AsOf = AsOf.At(first.Revision), Limit = 1 }));
        Assert.Equal([c], await PagesAsync(scan with { AsOf = AsOf.At(second.Revision) }));
        Assert.Equal([c], await PagesAsync(scan with { AsOf = AsOf.At(second.At) }));
        Assert.Empty(await PagesAsync(scan with { AsOf = AsOf.At(first.At.AddMicroseconds(-1)) }));
    }

    [Fact]
    public async Task Scan_OfDeleted_GivesTheirLastRevisions()
    {
        var (a, b, c) = (Entity(), Entity(), Entity());
        var first = await Log.CommitAsync(tenant, Create(a, """{"v":1}"""), Create(b, """{"v":1}"""), Create(c, """{"v":2}"""));
        Assert.Empty(await PagesAsync(Scan(tenant) with { Deleted = true }));
        await Log.CommitAsync(tenant, [.. new[] { a, c }.Select(id => Delete(id, first.Revision))]);
        var last = await Log.CommitAsync(tenant, Delete(b, first.Revision));

        Assert.Equal(InOrder(a, b, c), await PagesAsync(Scan(tenant) with { Deleted = true, Limit = 1 }));
        var found = await Log.ScanAsync(Scan(tenant) with { Deleted = true });
        Assert.All(found, r => Assert.True(r.Deleted));
        Assert.Equal(last.Revision, found.Single(r => r.Id == b).Revision);
        var documents = found.Select(r => r.Document.ToString()).ToList();
        var where = new Condition.Compare(new Field.Path(JsonPath.Parse("$.v")), Operator.Equal, [JsonText.FromString("1")]);
        Assert.Equal(
            found.Where((_, i) => documents[i].Contains('1', StringComparison.Ordinal)).Select(r => r.Id),
            await PagesAsync(Scan(tenant) with { Deleted = true, Where = where }));
        Assert.Empty(await PagesAsync(Scan(tenant)));
    }

    [Fact]
    public async Task Scan_OfEveryTenant_GoesByTenantAndId()
    {
        var model = new ModelKey("everywhere-" + Entity(), 1);
        var tenants = new[] { Tenant(), Tenant(), Tenant() };
        var expected = new List<ScanPosition>();
        foreach (var one in tenants)
        {
            foreach (var id in new[] { Entity(), Entity() })
            {
                await Log.CommitAsync(one, Create(id, model: model));
                expected.Add(new ScanPosition(one, id));
            }
        }
        expected.Sort((x, y) => (x.Tenant.Value, x.Id.Value).CompareTo((y.Tenant.Value, y.Id.Value)));

        Assert.Equal(expected, await PositionsAsync(Scan(null, model) with { Limit = 4 }));
        Assert.Equal(expected, await PositionsAsync(Scan(null, model) with { Limit = 1, AsOf = AsOf.At(DateTimeOffset.MaxValue) }));
        expected.Reverse();
        Assert.Equal(expected, await PositionsAsync(Scan(null, model) with { Limit = 4, Descending = true }));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Log.ScanAsync(Scan(null) with { AsOf = AsOf.At(new Revision(1)) }));
    }

    [Fact]
    public async Task Scan_ByFactsOfTheEntity_FindsThem()
    {
        var (a, b) = (Entity(), Entity());
        var first = await Log.CommitAsync(tenant, Create(a, state: "OPEN") with { Transition = "open" });
        await Log.CommitAsync(tenant, Create(b, state: "SHUT"));

        Assert.Equal([a], await WhereAsync(MetaField.State, Operator.Equal, "\"OPEN\""));
        Assert.Equal([b], await WhereAsync(MetaField.State, Operator.NotStartsWith, "\"O\""));
        Assert.Equal([b], await WhereAsync(MetaField.Id, Operator.Equal, $"\"{b}\""));
        Assert.Equal([a], await WhereAsync(MetaField.TransitionForLatestSave, Operator.Equal, "\"open\""));
        Assert.Equal([b], await WhereAsync(MetaField.TransitionForLatestSave, Operator.IsNull));
        Assert.Equal([a], await WhereAsync(MetaField.CreationDate, Operator.LessOrEqual, $"\"{first.At:yyyy-MM-ddTHH:mm:ss.ffffff}Z\""));
        Assert.Equal(
            InOrder(a, b),
            await WhereAsync(MetaField.LastUpdateTime, Operator.GreaterOrEqual, $"\"{first.At:yyyy-MM-ddTHH:mm:ss.ffffff}Z\""));
        Assert.Empty(await WhereAsync(MetaField.CreationDate, Operator.Greater, "\"yesterday\""));
    }

    private Task<List<EntityId>> WhereAsync(MetaField field, Operator @operator, params string[] values) => PagesAsync(
        Scan(tenant) with { Where = new Condition.Compare(new Field.Meta(field), @operator, [.. values.Select(JsonText.FromString)]) });

    private static IEnumerable<EntityId> InOrder(params EntityId[] ids) => ids.OrderBy(i => i.Value);

    private async Task<List<EntityId>> PagesAsync(Scan scan) => [.. (await PositionsAsync(scan)).Select(p => p.Id)];

    private async Task<List<ScanPosition>> PositionsAsync(Scan scan)
    {
        var all = new List<ScanPosition>();
        while (true)
        {
            var page = await Log.ScanAsync(scan);
            all.AddRange(page.Select(r => new ScanPosition(r.Tenant, r.Id)));
            if (page.Count < scan.Limit) return all;
            scan = scan with { After = all[^1] };
        }
    }
}
