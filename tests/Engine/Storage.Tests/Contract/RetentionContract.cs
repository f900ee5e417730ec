using Strata.Core;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>What forgetting superseded revisions must leave, and what it must not.</summary>
public abstract class RetentionContract(IStore store)
{
    private readonly TenantId tenant = Tenant();

    private IEntityLog Log => store.Log;

    [Fact]
    public async Task Drop_LeavesWhatWasCurrentAtTheHorizonAndAllSince()
    {
        var id = Entity();
        var commits = await ChangeAsync(id, 5);
        var horizon = commits[2].At;
        Assert.Equal(2, (await store.Retention.CountAsync(Asked(horizon), default)).Revisions);
        Assert.Equal(new SupersededPage(2, true, null), await store.Retention.DropAsync(Asked(horizon), default));
        Assert.Equal([5L, 4L, 3L], (await Log.HistoryAsync(tenant, id, null, 10, default)).Select(r => r.Revision.Value));
        Assert.Equal(3, (await Log.ReadAsync(tenant, id, AsOf.At(horizon)))!.Revision.Value);
        Assert.Null(await Log.ReadAsync(tenant, id, AsOf.At(commits[1].At)));
        Assert.Equal(5, (await Log.ReadAsync(tenant, id))!.Revision.Value);
        Assert.Equal(0, (await store.Retention.DropAsync(Asked(horizon), default)).Revisions);
        Assert.Equal("3 4 5", await FollowedAsync());
        await Log.CommitAsync(tenant, Update(id, commits[^1].Revision));
        Assert.Equal("3 4 5 6", await FollowedAsync());
    }

    [Fact]
    public async Task Drop_OfADeletedEntity_LeavesTheDeletion()
    {
        var id = Entity();
        var last = (await ChangeAsync(id, 3))[^1];
        var deleted = await Log.CommitAsync(tenant, Delete(id, last.Revision));
        Assert.Equal(3, (await store.Retention.DropAsync(Asked(deleted.At), default)).Revisions);
        Assert.True(Assert.Single(await Log.HistoryAsync(tenant, id, null, 10, default)).Deleted);
        Assert.Null(await Log.ReadAsync(tenant, id));
    }

    [Fact]
    public async Task Drop_InPagesOfAnyLength_TakesTheOldestFirstAndAllInTheEnd()
    {
        var ids = Enumerable.Range(0, 3).Select(_ => Entity()).ToArray();
        var horizon = default(DateTimeOffset);
        foreach (var id in ids) horizon = (await ChangeAsync(id, 4))[^1].At;
        var asked = Asked(horizon) with { Limit = 2 };
        var dropped = 0;
        for (var page = await store.Retention.DropAsync(asked, default); ; page = await store.Retention.DropAsync(
            asked with { After = page.Next }, default))
        {
            dropped += page.Revisions;
            foreach (var id in ids) AssertNoGap(await Log.HistoryAsync(tenant, id, null, 10, default));
            if (page.IsLast) break;
        }
        Assert.Equal(9, dropped);
        foreach (var id in ids) Assert.Single(await Log.HistoryAsync(tenant, id, null, 10, default));
        Assert.Equal("4 8 12", await FollowedAsync());
    }

    [Fact]
    public async Task Drop_SparesOtherModelsVersionsAndTenants()
    {
        var (other, version, foreign, migrated) = (Entity(), Entity(), Entity(), Entity());
        await ChangeAsync(other, 2, new ModelKey("invoice", 1));
        await ChangeAsync(version, 2, new ModelKey("order", 2));
        var moved = (await ChangeAsync(migrated, 2, new ModelKey("order", 2)))[^1];
        for (var i = 0; i < 2; i++) moved = await Log.CommitAsync(tenant, Update(migrated, moved.Revision));
        var tenants = Tenant();
        var first = await Log.CommitAsync(tenants, Create(foreign));
        var horizon = (await Log.CommitAsync(tenants, Update(foreign, first.Revision))).At;
        Assert.Equal(0, (await store.Retention.DropAsync(Asked(horizon), default)).Revisions);
        foreach (var (id, count) in ((EntityId, int)[])[(other, 2), (version, 2), (migrated, 4)])
            Assert.Equal(count, (await Log.HistoryAsync(tenant, id, null, 10, default)).Count);
        Assert.Equal(2, (await Log.HistoryAsync(tenants, foreign, null, 10, default)).Count);
    }

    private static void AssertNoGap(IReadOnlyList<EntityRevision> history) =>
        Assert.Equal(history.Count - 1, history[0].Revision.Value - history[^1].Revision.Value);

    private Superseded Asked(DateTimeOffset horizon) => new() { Tenant = tenant, Model = Order, Horizon = horizon };

    private async Task<string> FollowedAsync() =>
        string.Join(' ', (await Log.FollowAsync(tenant, Revision.None, 100, default)).Select(r => r.Revision.Value));

    /// <summary>Creates and changes an entity, each time at a later moment.</summary>
    private async Task<List<AppendOutcome.Committed>> ChangeAsync(EntityId id, int times, ModelKey? model = null)
    {
        var commits = new List<AppendOutcome.Committed>();
        while (commits.Count < times)
        {
            var commit = await Log.CommitAsync(tenant, Update(id, commits.Count == 0 ? Revision.None : commits[^1].Revision, model: model));
            commits.Add(commit);
            SpinWait.SpinUntil(() => TimeProvider.System.GetUtcNow() > commit.At + TimeSpan.FromMicroseconds(1));
        }
        return commits;
    }
}

public sealed class MemoryRetentionTests(MemoryStore store) : RetentionContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresRetentionTests(PostgresDatabase store) : RetentionContract(store), IClassFixture<PostgresDatabase>;
