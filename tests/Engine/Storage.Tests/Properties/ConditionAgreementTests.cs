using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Properties;

/// <summary>A condition means the same in memory and in SQL.</summary>
public sealed class ConditionAgreementTests(PostgresDatabase store) : IClassFixture<PostgresDatabase>
{
    private const int Documents = 60;
    private const int Conditions = 1500;

    [Fact]
    public async Task Scan_ByRandomConditions_FindsWhatTheEvaluatorFinds()
    {
        var random = Seeded.Random();
        var json = new RandomJson(random);
        var tenant = Tenant();
        var documents = Enumerable.Range(0, Documents).ToDictionary(_ => Entity(), _ => json.Document());
        await store.Log.CommitAsync(tenant, [.. documents.Select(d => Write(d.Key, d.Value, random))]);
        var entities = (await store.Log.ScanAsync(Scan(tenant) with { Limit = PageLimits.Max }))
            .Select(e => e with { Document = documents[e.Id] }).ToList();
        Assert.Equal(Documents, entities.Count);

        var found = 0;
        for (var i = 0; i < Conditions; i++)
        {
            var condition = json.Condition();
            var expected = entities.Where(e => ConditionEvaluator.Matches(condition, e)).Select(e => e.Id).ToList();
            var latest = await FindAsync(Scan(tenant) with { Where = condition });
            Assert.True(expected.SequenceEqual(latest), $"{condition}\n{Difference(expected, latest, documents)}");
            if (i % 10 == 0)
                Assert.Equal(expected, await FindAsync(Scan(tenant) with { Where = condition, AsOf = AsOf.At(new Revision(1)) }));
            found += expected.Count;
        }
        Assert.InRange(found, Conditions, Documents * Conditions); // the run was not about nothing
    }

    [Fact]
    public async Task Find_ByRandomConditionsOnIndexedPaths_FindsWhatTheEvaluatorFinds()
    {
        var random = Seeded.Random();
        var json = new RandomJson(random);
        var tenant = Tenant();
        var documents = Enumerable.Range(0, Documents).ToDictionary(_ => Entity(), _ => json.Document());
        await store.Log.CommitAsync(
            tenant, [Create(Entity(), model: new ModelKey("model", 1)), .. documents.Select(d => Write(d.Key, d.Value, random))]);
        var modelId = (await store.Log.ScanAsync(Scan(tenant, new ModelKey("model", 1))))[0].Id;
        var paths = RandomJson.Names.Take(ISearchIndexes.PerModelMax).Select(name => JsonPath.Parse($"$['{name}']")).ToList();
        Assert.True(await store.SearchIndexes.DeclareAsync(tenant, Order, modelId, paths, default));
        while (await store.SearchIndexes.WorkAsync(default)) continue;
        Assert.All(await store.SearchIndexes.ListAsync(tenant, Order, default),
            index => Assert.True(index.State == SearchIndexState.Ready, index.ToString()));
        var entities = (await store.Log.ScanAsync(Scan(tenant) with { Limit = PageLimits.Max }))
            .Select(e => e with { Document = documents[e.Id] }).ToList();
        for (var i = 0; i < 600; i++)
        {
            var condition = json.Condition(i % 3, random.Pick<JsonPath>([.. paths]));
            var expected = entities.Where(e => ConditionEvaluator.Matches(condition, e)).Select(e => e.Id).ToList();
            var found = await store.Search.FindAsync(
                new SearchQuery { Tenant = tenant, Model = Order, Where = condition, Limit = Documents }, default);
            Assert.True(expected.SequenceEqual(found.Select(f => f.Id)),
                $"{condition}\n{Difference(expected, [.. found.Select(f => f.Id)], documents)}");
        }
    }

    [Fact]
    public async Task Find_InRandomOrders_GivesTheOrderOfMemory()
    {
        var random = Seeded.Random();
        var json = new RandomJson(random);
        var tenant = Tenant();
        var documents = Enumerable.Range(0, Documents).ToDictionary(_ => Entity(), _ => json.Document());
        await store.Log.CommitAsync(tenant, [.. documents.Select(d => Write(d.Key, d.Value, random))]);
        var entities = (await store.Log.ScanAsync(Scan(tenant) with { Limit = PageLimits.Max }))
            .Select(e => e with { Document = documents[e.Id] }).ToList();
        for (var i = 0; i < 200; i++)
        {
            var search = new SearchQuery { Tenant = tenant, Model = Order,
                Sort = [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => json.SortKey())], Limit = Documents };
            search = search with { AsOf = i % 3 == 0 ? AsOf.At(new Revision(1)) : AsOf.Latest };
            var found = await store.Search.FindAsync(search, default);
            Assert.Equal(EntityOrder.Sort(entities, search.Sort).Select(e => e.Id), found.Select(f => f.Id));
            var (last, size) = (random.Next(found.Count), 1 + random.Next(10));
            var next = await store.Search.FindAsync(search with { After = found[last], Limit = size }, default);
            Assert.Equal(found.Skip(last + 1).Take(size), next);
        }
    }

    [Fact]
    public async Task Scan_ByText_FoldsEveryCharacterAsTheEvaluatorDoes()
    {
        var tenant = Tenant();
        var characters = Enumerable.Range(1, 0x10FFFF).Where(Rune.IsValid).Select(i => new Rune(i))
            .Where(r => Rune.ToLowerInvariant(r) != r || r.Value < 0x600);
        var folded = characters.Chunk(500).Select(chunk => string.Concat(chunk)).ToList();
        var writes = folded.Select(text => Create(Entity()) with { Document = JsonText.FromString(JsonSerializer.Serialize(new { text })) })
            .ToArray();
        await store.Log.CommitAsync(tenant, writes);
        for (var i = 0; i < folded.Count; i++)
        {
            var same = new Condition.Compare(
                new Field.Path(JsonPath.Parse("$.text")), Operator.EqualIgnoringCase,
                [JsonText.FromString(JsonSerializer.Serialize(TextFolding.Fold(folded[i])))]);
            Assert.Equal([writes[i].Id], await FindAsync(Scan(tenant) with { Where = same }));
        }
    }

    [Fact]
    public async Task Scan_ByRandomPatterns_FindsWhatTheEvaluatorFinds()
    {
        var random = Seeded.Random();
        var tenant = Tenant();
        string Text(string alphabet, int length) =>
            string.Concat(Enumerable.Range(0, random.Next(length)).Select(_ => alphabet[random.Next(alphabet.Length)]));
        var texts = Enumerable.Range(0, 40).ToDictionary(
            _ => Entity(), _ => JsonText.FromString(JsonSerializer.Serialize(new { v = Text("aaabbB1_ .\nä", 6) })));
        await store.Log.CommitAsync(tenant, [.. texts.Select(t => Create(t.Key) with { Document = t.Value })]);
        var entities = (await store.Log.ScanAsync(Scan(tenant) with { Limit = PageLimits.Max })).ToList();
        var matched = 0;
        for (var i = 0; i < 600; i++)
        {
            var pattern = JsonText.FromString(JsonSerializer.Serialize(Text("aab1ä_%.*+?()|[]^$-{},2\\dws", 9)));
            foreach (var @operator in (Operator[])[Operator.Like, Operator.MatchesPattern])
            {
                var condition = new Condition.Compare(new Field.Path(JsonPath.Parse("$.v")), @operator, [pattern]);
                var expected = entities.Where(e => ConditionEvaluator.Matches(condition, e)).Select(e => e.Id).ToList();
                var found = await FindAsync(Scan(tenant) with { Where = condition });
                Assert.True(expected.SequenceEqual(found), $"{@operator} {pattern}\n{Difference(expected, found, texts)}");
                matched += expected.Count;
            }
        }
        Assert.True(matched > 100, $"only {matched} matches");
    }

    private async Task<List<EntityId>> FindAsync(Entities.Log.Scan scan) =>
        [.. (await store.Log.ScanAsync(scan with { Limit = PageLimits.Max })).Select(e => e.Id)];

    private static Entities.Log.EntityWrite Write(EntityId id, JsonText document, Random random) =>
        Create(id, state: random.Pick("a", "A", "ä", "")) with { Document = document, Transition = random.Pick<string?>(null, "a", "b") };

    private static string Difference(List<EntityId> expected, List<EntityId> found, Dictionary<EntityId, JsonText> documents) =>
        string.Join(
        '\n',
        expected.Except(found).Select(id => $"only in memory: {documents[id]}")
            .Concat(found.Except(expected).Select(id => $"only in SQL: {documents[id]}")));
}
