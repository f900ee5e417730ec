using Npgsql;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Postgres;

/// <summary>Declared indexes: built, used, dropped.</summary>
public sealed class SearchIndexTests(PostgresDatabase store) : IClassFixture<PostgresDatabase>
{
    private static readonly JsonPath Name = JsonPath.Parse("$.customer['last name']");
    private static readonly JsonPath Total = JsonPath.Parse("$.total");
    private readonly TenantId tenant = Tenant();

    private ISearchIndexes Indexes => store.SearchIndexes;

    [Fact]
    public async Task Declared_IsBuiltUsedAndDropped()
    {
        var model = await FillAsync(3_000);
        var byName = Compare(Name, Operator.Equal, "\"o'brien 7\"");
        Assert.Empty((await Indexes.ExplainAsync(Search(byName), default)).Used);

        Assert.True(await Indexes.DeclareAsync(tenant, Order, model, [Name, Total], default));
        Assert.All(await Indexes.ListAsync(tenant, Order, default), i => Assert.Equal(SearchIndexState.Pending, i.State));
        while (await Indexes.WorkAsync(default)) continue;
        Assert.All(await Indexes.ListAsync(tenant, Order, default), i => Assert.Equal(SearchIndexState.Ready, i.State));

        await UsesAsync(Name, byName, 1);
        await UsesAsync(Name, Compare(Name, Operator.In, "\"o'brien 7\"", "\"o'brien 8\""), 2);
        await UsesAsync(Total, Compare(Total, Operator.Equal, "7.0"), 1);
        await UsesAsync(Total, Compare(Total, Operator.Greater, "2989"), 10);
        await UsesAsync(Total, Compare(Total, Operator.BetweenInclusive, "20", "24"), 5);
        await UsesAsync(Total, new Condition.All([Compare(Total, Operator.Less, "3"), new Condition.Not(byName)]), 3);
        Assert.Empty((await Indexes.ExplainAsync(Search(Compare(Name, Operator.Contains, "\"7\"")), default)).Used);

        Assert.True(await Indexes.DeclareAsync(tenant, Order, model, [Total], default));
        while (await Indexes.WorkAsync(default)) continue;
        Assert.Equal([Total], (await Indexes.ListAsync(tenant, Order, default)).Select(i => i.Path));
        Assert.Single(await store.Search.FindAsync(Search(byName), default));
    }

    /// <summary>The one that stalls is made to wait by a transaction that has written: a concurrent build waits for it.</summary>
    [Fact]
    public async Task Work_WhileAnotherServerIsAtIt_LeavesItToThatOne()
    {
        var model = await FillAsync(10);
        Assert.True(await Indexes.DeclareAsync(tenant, Order, model, [Total], default));
        await using var other = await store.OpenAsync();
        await using var source = NpgsqlDataSource.Create(store.ConnectionString);
        await using (var blocker = await source.OpenConnectionAsync())
        {
            var writing = await blocker.BeginTransactionAsync();
            await RunAsync(blocker, $"update strata.head set changed_at = changed_at where tenant = '{tenant.Value}'");
            var building = Indexes.WorkAsync(default).AsTask();
            await Poll.UntilAsync(
                async () => (await Indexes.ListAsync(tenant, Order, default)).Single().State == SearchIndexState.Building);
            Assert.False(await other.SearchIndexes.WorkAsync(default).AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
            await writing.RollbackAsync();
            Assert.True(await building);
        }
        Assert.Equal(SearchIndexState.Ready, (await Indexes.ListAsync(tenant, Order, default)).Single().State);
        Assert.Equal(1L, await ValidIndexesAsync(source));
    }

    [Fact]
    public async Task Work_AfterTheServerThatWasAtItIsGone_BuildsTheIndex()
    {
        var model = await FillAsync(10);
        Assert.True(await Indexes.DeclareAsync(tenant, Order, model, [Total], default));
        await using var other = await store.OpenAsync();
        await using var source = NpgsqlDataSource.Create(store.ConnectionString);
        await using (var blocker = await source.OpenConnectionAsync())
        {
            var writing = await blocker.BeginTransactionAsync();
            await RunAsync(blocker, $"update strata.head set changed_at = changed_at where tenant = '{tenant.Value}'");
            var building = Indexes.WorkAsync(default).AsTask();
            await Poll.UntilAsync(
                async () => (await Indexes.ListAsync(tenant, Order, default)).Single().State == SearchIndexState.Building);
            await RunAsync(
                blocker, $"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = {IndexWork.LockKey & 0xffffffff}");
            await Assert.ThrowsAnyAsync<Exception>(() => building);
            await writing.RollbackAsync();
        }
        await Poll.UntilAsync(async () => await other.SearchIndexes.WorkAsync(default));
        Assert.Equal(SearchIndexState.Ready, (await Indexes.ListAsync(tenant, Order, default)).Single().State);
        Assert.Equal(1L, await ValidIndexesAsync(source));
    }

    private async Task<object?> ValidIndexesAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand($"""
            select count(*) from strata.search_index s join pg_class c on c.relname = s.name join pg_index i on i.indexrelid = c.oid
            where s.tenant = '{tenant.Value}' and i.indisvalid
            """);
        return await command.ExecuteScalarAsync();
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task ModelThatIsGone_LosesItsIndexes()
    {
        var model = await FillAsync(1);
        Assert.True(await Indexes.DeclareAsync(tenant, Order, model, [Total], default));
        while (await Indexes.WorkAsync(default)) continue;
        var revision = (await store.Log.ReadAsync(tenant, model))!.Revision;
        await store.Log.CommitAsync(tenant, Delete(model, revision));
        while (await Indexes.WorkAsync(default)) continue;
        Assert.Empty(await Indexes.ListAsync(tenant, Order, default));
    }

    [Fact]
    public async Task ValuesThatNoIndexHolds_AreWrittenAndFound()
    {
        var model = await FillAsync(1);
        Assert.True(await Indexes.DeclareAsync(tenant, Order, model, [Total, Name], default));
        while (await Indexes.WorkAsync(default)) continue;
        var long1 = new string('x', 100_000);
        var (a, b) = (Entity(), Entity());
        await store.Log.CommitAsync(tenant, Create(a, $$"""{"customer":{"last name":"{{long1}}"},"total":1{{new string('0', 400)}}}"""), Create(b, """{"total":[1]}"""));
        Assert.Equal([a], (await store.Search.FindAsync(Search(Compare(Total, Operator.Greater, "1e300")), default)).Select(f => f.Id));
        Assert.Equal([a], (await store.Search.FindAsync(Search(Compare(Name, Operator.Equal, $"\"{long1}\"")), default)).Select(f => f.Id));
    }

    [Fact]
    public async Task Find_PastItsTime_SaysSoAndLeavesTheConnectionUsable()
    {
        await FillAsync(10);
        await using (var other = new NpgsqlConnection(store.ConnectionString + ";Pooling=false"))
        {
            await other.OpenAsync();
            // a search waits for it
            await using var hold = new NpgsqlCommand("begin; lock table strata.head in access exclusive mode", other);
            await hold.ExecuteNonQueryAsync();
            for (var i = 0; i < 6; i++)
            {
                var one = Search(Compare(Total, Operator.Equal, "7")) with { Timeout = TimeSpan.FromMilliseconds(50) };
                var late = await Assert.ThrowsAsync<StrataException>(async () => await store.Search.FindAsync(one, default));
                Assert.Equal(("SEARCH_TIMEOUT", ErrorKind.RequestTimeout), (late.Error.Code, late.Error.Kind));
            }
        }
        Assert.Single(await store.Search.FindAsync(Search(Compare(Total, Operator.Equal, "7")), default));
    }

    private async Task UsesAsync(JsonPath path, Condition condition, int expected)
    {
        var plan = await Indexes.ExplainAsync(Search(condition), default);
        Assert.True(plan.Used.Contains(path), plan.Plan.ToString());
        Assert.Equal(expected, (await store.Search.FindAsync(Search(condition), default)).Count);
    }

    private SearchQuery Search(Condition where) => new() { Tenant = tenant, Model = Order, Where = where, Limit = 1_000 };

    private static Condition.Compare Compare(JsonPath path, Operator @operator, params string[] values) =>
        new(new Field.Path(path), @operator, [.. values.Select(JsonText.FromString)]);

    /// <summary>Entities, and one that stands for their model.</summary>
    private async Task<EntityId> FillAsync(int count)
    {
        var model = Entity();
        await store.Log.CommitAsync(tenant, Create(model, model: new ModelKey("model", 1)));
        await store.Log.CommitAsync(tenant, [.. Enumerable.Range(0, count).Select(i => Create(Entity(), $$$"""{"customer":{"last name":"o'brien {{{i}}}"},"total":{{{i}}}}"""))]);
        return model;
    }
}
