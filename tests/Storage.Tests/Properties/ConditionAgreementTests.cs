using Strata.Core;
using Strata.Entities.Conditions;
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
        var random = Seeds.Next();
        var json = new RandomJson(random);
        var tenant = Tenant();
        var documents = Enumerable.Range(0, Documents).ToDictionary(_ => Entity(), _ => json.Document());
        await store.Log.CommitAsync(tenant, [.. documents.Select(d => Write(d.Key, d.Value, random))]);
        var entities = (await store.Log.ScanAsync(Scan(tenant) with { Limit = PageLimits.Max })).Select(e => e with { Document = documents[e.Id] }).ToList();
        Assert.Equal(Documents, entities.Count);

        var found = 0;
        for (var i = 0; i < Conditions; i++)
        {
            var condition = json.Condition();
            var expected = entities.Where(e => ConditionEvaluator.Matches(condition, e)).Select(e => e.Id).ToList();
            var latest = await FindAsync(Scan(tenant) with { Where = condition });
            Assert.True(expected.SequenceEqual(latest), $"{condition}\n{Difference(expected, latest, documents)}");
            if (i % 10 == 0) Assert.Equal(expected, await FindAsync(Scan(tenant) with { Where = condition, AsOf = AsOf.At(new Revision(1)) }));
            found += expected.Count;
        }
        Assert.InRange(found, Conditions, Documents * Conditions); // the run was not about nothing
    }

    private async Task<List<EntityId>> FindAsync(Entities.Log.Scan scan) =>
        [.. (await store.Log.ScanAsync(scan with { Limit = PageLimits.Max })).Select(e => e.Id)];

    private static Entities.Log.EntityWrite Write(EntityId id, JsonText document, Random random) =>
        Create(id, state: random.Pick("a", "A", "ä", "")) with { Document = document, Transition = random.Pick<string?>(null, "a", "b") };

    private static string Difference(List<EntityId> expected, List<EntityId> found, Dictionary<EntityId, JsonText> documents) => string.Join(
        '\n',
        expected.Except(found).Select(id => $"only in memory: {documents[id]}").Concat(found.Except(expected).Select(id => $"only in SQL: {documents[id]}")));
}
