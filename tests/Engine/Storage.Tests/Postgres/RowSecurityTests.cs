using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Postgres;

/// <summary>What PostgreSQL itself refuses to a statement that forgets, or mistakes, its tenant.</summary>
public sealed class RowSecurityTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private readonly TenantId ours = Tenant();
    private readonly TenantId theirs = Tenant();

    [Fact]
    public async Task EveryTableWithATenant_HasThePolicy()
    {
        var open = await ColumnAsync("""
            select c.table_name from information_schema.columns c join pg_class t on t.oid = format('strata.%I', c.table_name)::regclass
            where c.table_schema = 'strata' and c.column_name = 'tenant'
            and not (t.relrowsecurity and exists (select from pg_policy p where p.polrelid = t.oid))
            """);
        Assert.Empty(open);
        Assert.Equal(["lease", "migration"], await ColumnAsync("""
            select tablename from pg_tables t where schemaname = 'strata' and not exists (
                select from information_schema.columns c
                where c.table_schema = 'strata' and c.table_name = t.tablename and c.column_name = 'tenant')
            order by tablename
            """));
    }

    [Fact]
    public async Task Statement_ThatForgetsItsTenant_SeesOnlyItsOwn()
    {
        await database.Log.CommitAsync(ours, Create(Entity()));
        await database.Log.CommitAsync(theirs, Create(Entity()), Create(Entity()));
        await using var connections = Open();
        for (var again = 0; again < 5; again++) // on the same pooled connection, prepared in the end
        {
            Assert.Equal(1L, await ScalarAsync(connections, Rows.Of(ours), "select count(*) from strata.log"));
            Assert.Equal(2L, await ScalarAsync(connections, Rows.Of(theirs), "select count(*) from strata.head"));
            Assert.Equal(3L, await ScalarAsync(connections, Rows.Of([ours, theirs]), "select count(*) from strata.log"));
            Assert.Equal(0L, await ScalarAsync(connections, Rows.None, "select count(*) from strata.log"));
            Assert.True((long)(await ScalarAsync(connections, Rows.OfAll, "select count(*) from strata.log"))! >= 3);
            Assert.Equal(0L, await ScalarAsync(connections, Rows.None, "select count(*) from strata.log"));
        }
    }

    [Fact]
    public async Task Statement_ThatMistakesItsTenant_WritesNothing()
    {
        await database.Log.CommitAsync(theirs, Create(Entity()));
        await using var connections = Open();
        var stolen = $"update strata.head set state = 'STOLEN' where tenant = '{theirs.Value}'";
        Assert.Equal(0, await RunAsync(connections, Rows.Of(ours), stolen));
        Assert.Equal(0, await RunAsync(connections, Rows.Of(ours), $"delete from strata.log where tenant = '{theirs.Value}'"));
        var mark = $"insert into strata.mark (tenant, name, value) values ('{theirs.Value}', 'a', '1')";
        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connections, Rows.Of(ours), mark))).SqlState);
        Assert.Equal(1, await RunAsync(connections, Rows.Of(theirs), mark));
    }

    [Fact]
    public async Task History_CannotBeChanged_ByWhoeverTheRowsAre()
    {
        await database.Log.CommitAsync(ours, Create(Entity()));
        await using var connections = Open();
        var refused = await Assert.ThrowsAsync<StrataException>(
            () => RunAsync(connections, Rows.Of(ours), "update strata.log set changed_by = 'user:other'"));
        Assert.Equal("42501", Assert.IsType<PostgresException>(refused.InnerException).SqlState);
    }

    /// <summary>The owner of the database who is no superuser, as docs/servers.md has it; and a dump without rights.</summary>
    [Fact]
    public async Task Owner_WithoutOtherRights_RunsItAll_AndMissingRightsAreGrantedAtTheNextStart()
    {
        var role = TenantRole.Of("plain");
        await SqlAsync("create role plain login password 'plain'", "create database plain owner plain", $"create role {role}",
            $"grant {role} to plain");
        var address = $"{database.ConnectionString};Username=plain;Password=plain;Database=plain";
        var model = Entity();
        await using (var store = await OpenStoreAsync(address))
        {
            await store.Log.CommitAsync(ours, Create(model, model: new ModelKey("strata.model", 1)));
            for (var i = 0; i < 300; i++) await store.Log.CommitAsync(ours, Create(Entity(), $$"""{"total":{{i}}}"""));
            var total = JsonPath.Parse("$.total");
            Assert.True(await store.SearchIndexes.DeclareAsync(ours, Order, model, [total], default));
            while (await store.SearchIndexes.WorkAsync(default)) continue;
            await using var fresh = await OpenStoreAsync(address);
            var search = new SearchQuery { Tenant = ours, Model = Order, Limit = 10,
                Where = new Condition.Compare(new Field.Path(total), Operator.Equal, [JsonText.FromString("7")]) };
            Assert.Single(await fresh.Search.FindAsync(search, default));
            Assert.Single(await fresh.SearchIndexes.ListAsync(ours, Order, default), i => i.State == SearchIndexState.Ready);
            Assert.Empty((await fresh.Log.ScanAsync(Scan(theirs))));
        }
        await SqlIn(address, $"revoke select on strata.head from {role}", $"grant update on strata.log to {role}",
            "drop policy tenants on strata.mark", "alter table strata.log disable row level security");
        await using var again = await OpenStoreAsync(address);
        Assert.Equal(5, (await again.Log.ScanAsync(Scan(ours) with { Limit = 5 })).Count);
        await using var connections = new Connections(new PostgresOptions { ConnectionString = address, PoolSizeMax = 1 });
        Assert.Equal(0L, await ScalarAsync(connections, Rows.Of(theirs), "select count(*) from strata.log"));
        Assert.Equal(false, await ScalarAsync(connections, Rows.OfAll, $"select has_table_privilege('{role}', 'strata.log', 'update')"));
    }

    /// <summary>The data is not at fault, and nothing is seen without the role; what waits goes on once it is back.</summary>
    [Theory]
    [InlineData("revoke {0} from losing", "grant {0} to losing")]
    [InlineData("revoke usage on schema strata from {0}", "grant usage on schema strata to {0}")]
    public async Task RoleThatIsTakenAway_IsAnOutage_UntilItIsBack(string take, string giveBack)
    {
        var role = TenantRole.Of("losing");
        await SqlAsync("drop database if exists losing with (force)", $"drop role if exists {role}, losing",
            "create role losing login password 'p'", "create database losing owner losing", $"create role {role}",
            $"grant {role} to losing");
        var address = $"{database.ConnectionString};Username=losing;Password=p;Database=losing";
        await using var store = await OpenStoreAsync(address);
        await store.Log.CommitAsync(ours, Create(Entity()));
        await SqlIn($"{database.ConnectionString};Database=losing", string.Format(CultureInfo.InvariantCulture, take, role));
        var waiting = store.Log.CommitAsync(ours, Create(Entity()));
        var refused = await Assert.ThrowsAsync<StrataException>(() => store.Log.ScanAsync(Scan(ours)).AsTask());
        Assert.Equal("STORAGE_UNAVAILABLE", refused.Error.Code);
        await SqlIn($"{database.ConnectionString};Database=losing", string.Format(CultureInfo.InvariantCulture, giveBack, role));
        await waiting;
        Assert.Equal(2, (await store.Log.ScanAsync(Scan(ours))).Count);
    }

    /// <summary>Roles belong to the whole PostgreSQL. Users of different databases must not reach each other's rows by theirs.</summary>
    [Fact]
    public async Task OwnerOfAnotherDatabase_SeesNothingOfThisOne()
    {
        await SqlAsync("create role neighbor login createrole password 'n'", "create database neighbor owner neighbor");
        await using (await OpenStoreAsync($"{database.ConnectionString};Username=neighbor;Password=n;Database=neighbor"))
        {
            await database.Log.CommitAsync(ours, Create(Entity()));
            var here = $"{database.ConnectionString};Username=neighbor;Password=n";
            foreach (var sql in (string[])[$"set role {TenantRole.Of("neighbor")}; select count(*) from strata.log",
                $"set role {TenantRole.Of(new NpgsqlConnectionStringBuilder(here).Database!)}", "delete from strata.lease"])
                Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => SqlIn(here, sql))).SqlState);
        }
    }

    [Fact]
    public async Task User_WhoDoesNotOwnTheTables_IsRefused()
    {
        await SqlAsync("create database handed", "create role former superuser login password 'f'", "create role later login password 'l'");
        await using (await OpenStoreAsync($"{database.ConnectionString};Username=former;Password=f;Database=handed")) { }
        var role = TenantRole.Of("handed");
        await SqlAsync($"grant {role} to later");
        var refused = await Assert.ThrowsAsync<StrataException>(
            () => OpenStoreAsync($"{database.ConnectionString};Username=later;Password=l;Database=handed"));
        Assert.Equal("DATABASE_RIGHTS_MISSING", refused.Error.Code);
    }

    /// <summary>As behind a pooler that gives away connections as they are, and in a transaction that did something for all.</summary>
    [Fact]
    public async Task Statement_OnAConnectionOfAnotherRole_SeesOnlyItsOwn()
    {
        await database.Log.CommitAsync(ours, Create(Entity()));
        await database.Log.CommitAsync(theirs, Create(Entity()));
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using var connection = await source.OpenConnectionAsync();
        await using (var first = new Query(connection, Rows.Of(ours)) { CommandText = "select count(*) from strata.log" })
            Assert.Equal(1L, await first.ExecuteScalarAsync(default));
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var all = new Query(connection, Rows.OfAll) { CommandText = "select count(*) from strata.log" })
            Assert.True((long)(await all.ExecuteScalarAsync(default))! > 1);
        await using (var again = new Query(connection, Rows.Of(ours)) { CommandText = "select count(*) from strata.log" })
            Assert.Equal(1L, await again.ExecuteScalarAsync(default));
    }

    /// <summary>Behind a policy PostgreSQL takes few expressions as bounds of an index; without them this one reads the log back.</summary>
    [Fact]
    public async Task RevisionOfATime_IsFoundByTheIndex()
    {
        await database.Log.CommitAsync(ours, Create(Entity()));
        await using var connections = Open();
        var plan = await connections.Queries.RunAsync(Rows.Of(ours), query =>
        {
            query.CommandText = "explain (format json) " + LogTimes.Sql;
            var parameters = new SqlParameters(query.Parameters);
            parameters.Add(ours.Value);
            parameters.Add(TimeProvider.System.GetUtcNow());
            return query.ExecuteScalarAsync(default);
        });
        Assert.Matches(@"Index Cond"": ""\(\(tenant = [^""]*revision >= [^""]*revision <= ", (string)plan!);
    }

    private Connections Open() => new(new PostgresOptions { ConnectionString = database.ConnectionString, PoolSizeMax = 1 });

    private static Task<PostgresStore> OpenStoreAsync(string address) => PostgresStore.OpenAsync(
        new PostgresOptions { ConnectionString = address, PoolSizeMax = 2 }, TimeProvider.System, NullLoggerFactory.Instance, default);

    private static Task<object?> ScalarAsync(Connections connections, Rows rows, string sql) => connections.Queries.RunAsync(rows, query =>
    {
        query.CommandText = sql;
        return query.ExecuteScalarAsync(default);
    });

    private static Task<int> RunAsync(Connections connections, Rows rows, string sql) => connections.Queries.RunAsync(rows, query =>
    {
        query.CommandText = sql;
        return query.ExecuteNonQueryAsync(default);
    });

    private Task SqlAsync(params string[] statements) => SqlIn(database.ConnectionString, statements);

    private static async Task SqlIn(string address, params string[] statements)
    {
        await using var source = NpgsqlDataSource.Create(address + ";Pooling=false");
        foreach (var sql in statements)
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }

    private async Task<List<string>> ColumnAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await using var row = await command.ExecuteReaderAsync();
        var found = new List<string>();
        while (await row.ReadAsync()) found.Add(row.GetString(0));
        return found;
    }
}
