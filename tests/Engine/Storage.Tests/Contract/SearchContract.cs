using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>Searches in two steps: what is found, in which order, of which moment.</summary>
public abstract class SearchContract(IStore store)
{
    private readonly TenantId tenant = Tenant();

    [Fact]
    public async Task Find_ByCondition_GivesIdsAndRevisionsInOrder()
    {
        var ids = Enumerable.Range(0, 10).Select(_ => Entity()).OrderBy(i => i.Value).ToList();
        var commit = await store.Log.CommitAsync(tenant, [.. ids.Select((id, i) => Create(id, $$"""{"n":{{i}}}"""))]);
        await store.Log.CommitAsync(tenant, Create(Entity(), """{"n":9}""", model: new ModelKey("order", 2)));
        await store.Log.CommitAsync(Tenant(), Create(Entity(), """{"n":9}"""));

        var found = await FindAsync(Above(4));
        Assert.Equal(ids.Skip(5).Select(id => new FoundEntity(id, commit.Revision)), found);
        Assert.Equal(ids.Skip(5).Take(2), (await FindAsync(Above(4) with { Limit = 2 })).Select(f => f.Id));
        var read = await ReadAsync(found[4], found[0]);
        SameJson("""{"n":9}""", read[0].Document);
        SameJson("""{"n":5}""", read[1].Document);
    }

    [Fact]
    public async Task Read_AfterChanges_GivesWhatWasFound()
    {
        var (a, b) = (Entity(), Entity());
        var first = await store.Log.CommitAsync(tenant, Create(a, """{"n":1}"""), Create(b, """{"n":1}"""));
        var found = await FindAsync(Above(0));
        var second = await store.Log.CommitAsync(tenant, Update(a, first.Revision, """{"n":2}"""), Delete(b, first.Revision));

        Assert.All(await ReadAsync([.. found]), e => SameJson("""{"n":1}""", e.Document));
        Assert.Equal([new FoundEntity(a, second.Revision)], await FindAsync(Above(0)));
        Assert.Empty(await ReadAsync(new FoundEntity(Entity(), first.Revision)));
    }

    [Fact]
    public async Task Find_AsOf_GivesWhatWasThen()
    {
        var (a, b, c) = (Entity(), Entity(), Entity());
        var first = await store.Log.CommitAsync(tenant, Create(a, """{"n":1}"""), Create(b, """{"n":5}"""));
        var second = await store.Log.CommitAsync(tenant, Update(a, first.Revision, """{"n":7}"""), Delete(b, first.Revision), Create(c, """{"n":6}"""));

        foreach (var then in (AsOf[])[AsOf.At(first.Revision), AsOf.At(first.At)])
            Assert.Equal([new FoundEntity(b, first.Revision)], await FindAsync(Above(3) with { AsOf = then }));
        foreach (var then in (AsOf[])[AsOf.At(second.Revision), AsOf.At(second.At), AsOf.Latest])
            Assert.Equal([c, a], (await FindAsync(Above(3) with { AsOf = then, Sort = [Key("$.n")] })).Select(f => f.Id));
    }

    [Fact]
    public async Task Find_InOrder_PutsWhatIsMissingLast()
    {
        string[] values = ["2", "10", "\"b\"", "\"a\"", "\"B\"", "true", "false", "null", "{}", "1e1", "-1.5"];
        var ids = values.Select(_ => Entity()).OrderBy(i => i.Value).ToList();
        await store.Log.CommitAsync(tenant, [.. values.Select((v, i) => Create(ids[i], $$"""{"n":1,"v":{{v}}}"""))]);

        string[] up = ["-1.5", "2", "10", "1e1", "\"B\"", "\"a\"", "\"b\"", "false", "true", "null", "{}"];
        Assert.Equal(up, await ValuesAsync(Key("$.v")));
        Assert.Equal(["true", "false", "\"b\"", "\"a\"", "\"B\"", "10", "1e1", "2", "-1.5", "null", "{}"],
            await ValuesAsync(Key("$.v") with { Descending = true }));
        Assert.Equal(values, await ValuesAsync(Key("$.missing"), new SortKey(new Field.Meta(MetaField.CreationDate))));
        Assert.Equal(values.Reverse(), await ValuesAsync(new SortKey(new Field.Meta(MetaField.Id), Descending: true)));

        async Task<IEnumerable<string>> ValuesAsync(params SortKey[] keys) =>
            (await FindAsync(Above(0) with { Sort = keys })).Select(f => values[ids.IndexOf(f.Id)]);
    }

    [Fact]
    public async Task Find_Behind_GoesOnInTheOrder()
    {
        string[] values = ["2", "10", "\"b\"", "\"a\"", "2", "true", "null", "{}", "2"];
        var ids = values.Select(_ => Entity()).OrderBy(i => i.Value).ToList();
        var first = await store.Log.CommitAsync(tenant, [.. values.Select((v, i) => Create(ids[i], $$"""{"n":1,"v":{{v}}}"""))]);
        foreach (var keys in (SortKey[][])[[], [Key("$.v")], [Key("$.v") with { Descending = true }], [Key("$.n"), Key("$.v")],
            [new SortKey(new Field.Meta(MetaField.CreationDate), Descending: true), Key("$.v")]])
        {
            var search = Above(0) with { Sort = keys };
            var all = await FindAsync(search);
            for (var i = 0; i < all.Count; i++) Assert.Equal(all.Skip(i + 1), await FindAsync(search with { After = all[i] }));
        }

        // It counts where the entity was in the revision that is named, whatever has become of it.
        await store.Log.CommitAsync(tenant, Update(ids[0], first.Revision, """{"n":1,"v":99}"""), Delete(ids[4], first.Revision));
        Assert.Equal([ids[8], ids[1]], await NextAsync(ids[0], first.Revision));
        Assert.Equal([ids[8], ids[1]], await NextAsync(ids[4], first.Revision));
        Assert.Empty(await NextAsync(Entity(), first.Revision));

        async Task<IEnumerable<EntityId>> NextAsync(EntityId id, Revision revision) => (await FindAsync(
            Above(0) with { Sort = [Key("$.v")], After = new FoundEntity(id, revision), Limit = 2 })).Select(f => f.Id);
    }

    [Fact]
    public async Task Find_ThatStopsAtItsLimit_SortsWhatItHasFound()
    {
        await store.Log.CommitAsync(tenant, [.. Enumerable.Range(1, 5).Select(n => Create(Entity(), $$"""{"n":{{n}}}"""))]);
        var search = Above(0) with { Sort = [Key("$.n") with { Descending = true }], StopsAtLimit = true };
        Assert.Equal(await FindAsync(search with { StopsAtLimit = false }), await FindAsync(search with { Limit = 6 }));
        Assert.Equal(3, (await FindAsync(search with { Limit = 3 })).Count);
    }

    protected SearchQuery Above(int n) => new()
    {
        Tenant = tenant,
        Model = Order,
        Where = new Condition.Compare(new Field.Path(JsonPath.Parse("$.n")), Operator.Greater, [JsonText.FromString($"{n}")]),
        Limit = SearchQuery.LimitMax,
    };

    private static SortKey Key(string path) => new(new Field.Path(JsonPath.Parse(path)));

    private async Task<IReadOnlyList<FoundEntity>> FindAsync(SearchQuery search) => await store.Search.FindAsync(search, default);

    private async Task<IReadOnlyList<EntityRevision>> ReadAsync(params FoundEntity[] found) =>
        (await store.Search.ReadAsync(tenant, found, PageSize.BytesDefault, default)).Revisions;

    [Fact]
    public async Task Read_PastItsBytes_EndsEarlyAndSaysWhereToGoOn()
    {
        var ids = Enumerable.Range(0, 5).Select(_ => Entity()).OrderBy(i => i.Value).ToList();
        var commit = await store.Log.CommitAsync(tenant, [.. ids.Select(id => Create(id, Large(1000)))]);
        List<FoundEntity> found = [new(Entity(), commit.Revision), .. ids.Select(id => new FoundEntity(id, commit.Revision)),
            new(Entity(), commit.Revision)];
        var read = new List<EntityId>();
        for (var at = 0; at < found.Count;)
        {
            var page = await store.Search.ReadAsync(tenant, found[at..], bytesMax: 1500, default);
            Assert.InRange(page.Revisions.Count, 0, 2);
            read.AddRange(page.Revisions.Select(r => r.Id));
            Assert.InRange(page.Read, 1, found.Count - at);
            at += page.Read;
        }
        Assert.Equal(ids, read);
    }
}
