using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Postgres;

/// <summary>What only a store on a database can get wrong: bad rows in a group, full queues, other servers, schema versions.</summary>
public sealed class PostgresStoreTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private readonly TenantId tenant = Tenant();

    [Fact]
    public async Task Append_ABadRowAmongGoodOnes_HarmsItsOwnCommitOnly()
    {
        await using var held = await HoldTenantAsync(database.Log);
        var good = Enumerable.Range(0, 20).Select(
            _ => database.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None).AsTask()).ToList();
        var bad = database.Log.AppendAsync(Commit(tenant, Create(Entity(), state: "NUL\0")), CancellationToken.None).AsTask();
        await held.DisposeAsync();

        var fault = await Assert.ThrowsAsync<StrataException>(() => bad);
        Assert.Equal("NOT_STORABLE", fault.Error.Code);
        foreach (var outcome in await Task.WhenAll(good)) Assert.IsType<AppendOutcome.Committed>(outcome);
    }

    [Fact]
    public async Task Append_WhenTheQueueIsFull_IsBusy()
    {
        await using var store = await OpenAsync(new PostgresOptions { ConnectionString = database.ConnectionString, QueueMax = 3 });
        await using var held = await HoldTenantAsync(store.Log);
        var waiting = new List<Task<AppendOutcome>>();
        StrataException? busy = null;
        await Poll.UntilAsync(() =>
        {
            try
            {
                waiting.Add(store.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None).AsTask());
            }
            catch (StrataException e)
            {
                busy = e;
            }
            return busy is not null;
        });
        Assert.Equal("SERVER_BUSY", busy!.Error.Code);
        Assert.True(busy.Error.Retryable);
        await held.DisposeAsync();
        foreach (var outcome in await Task.WhenAll(waiting)) Assert.IsType<AppendOutcome.Committed>(outcome);
    }

    [Fact]
    public async Task Append_Cancelled_LetsTheCallerGo()
    {
        await using var held = await HoldTenantAsync(database.Log);
        using var cancel = new CancellationTokenSource();
        var first = database.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None).AsTask(); // occupies the writer
        var second = database.Log.AppendAsync(Commit(tenant, Create(Entity())), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await held.DisposeAsync();
        Assert.IsType<AppendOutcome.Committed>(await first);
    }

    [Fact]
    public async Task Writer_StoppedByTheSupervisorBeforeTheStore_EndsAndRefusesCommits()
    {
        var supervisor = new Supervisor(TimeProvider.System, NullLogger<Supervisor>.Instance);
        var options = new PostgresOptions { ConnectionString = database.ConnectionString, PoolSizeMax = 2 };
        await using var store = await PostgresStore.OpenAsync(
            options, supervisor, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        Assert.Contains(supervisor.Report(), work => work.Name == "commit-writer");
        // a writer that waits for the store to close its queue would hang
        await supervisor.StopAllAsync().WaitAsync(TimeSpan.FromMinutes(1));
        var commit = Commit(tenant, Create(Entity()));
        var fault = await Assert.ThrowsAsync<StrataException>(async () => await store.Log.AppendAsync(commit, CancellationToken.None));
        Assert.Equal("STORAGE_UNAVAILABLE", fault.Error.Code);
    }

    [Fact]
    public async Task OnCommit_OfAnotherServer_IsHeard()
    {
        await using var other = await database.OpenAsync();
        var heads = new ConcurrentQueue<TenantHead>();
        using var subscription = other.Log.OnCommit(heads.Enqueue);
        await Poll.UntilAsync(async () =>
        {
            await database.Log.CommitAsync(tenant, Create(Entity())); // again, until the other one listens
            return heads.Any(h => h.Tenant == tenant);
        });
        var heard = heads.Where(h => h.Tenant == tenant).ToList(); // taken once: the last commits may still be on their way
        Assert.Equal(heard.Distinct().Count(), heard.Count);
    }

    [Fact]
    public async Task OnAppend_OfLinesByAnotherServer_IsHeard()
    {
        await using var other = await database.OpenAsync();
        var stream = Entity();
        var heard = new ConcurrentQueue<LinesAppended>();
        using var subscription = other.Lines.OnAppend(heard.Enqueue);
        await Poll.UntilAsync(async () =>
        {
            // again, until the other one listens
            await database.Lines.AppendAsync(tenant, stream, "line"u8.ToArray(), CancellationToken.None);
            return heard.Any(h => h.Tenant == tenant && h.Stream == stream);
        });

        // Of a flood the newest is told of, whatever is left out.
        var last = 0L;
        await Parallel.ForAsync(0, 200, async (_, stop) =>
        {
            var position = await database.Lines.AppendAsync(tenant, stream, "line"u8.ToArray(), stop);
            for (var known = Volatile.Read(ref last); position > known; known = Volatile.Read(ref last))
                Interlocked.CompareExchange(ref last, position, known);
        });
        await Poll.UntilAsync(() => heard.Contains(new LinesAppended(tenant, stream, last)));
    }

    [Fact]
    public async Task OnCommit_AfterTheListenerLostItsConnection_IsHeardAgain()
    {
        await using var other = await database.OpenAsync();
        var heads = new ConcurrentQueue<TenantHead>();
        using var subscription = other.Log.OnCommit(heads.Enqueue);
        await RunAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()");
        var committed = await database.Log.CommitAsync(tenant, Create(Entity()));
        await Poll.UntilAsync(() => heads.Contains(new TenantHead(tenant, committed.Revision)));
    }

    [Fact]
    public async Task Append_AfterEveryConnectionWasCut_GoesOn()
    {
        var id = Entity();
        await database.Log.CommitAsync(tenant, Create(id));
        await RunAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
        await database.Log.CommitAsync(tenant, Create(Entity()));
        Assert.NotNull(await database.Log.ReadAsync(tenant, id));
        Assert.NotNull(await database.Log.ReadAsync(tenant, id, AsOf.At(new Revision(1))));
        Assert.Equal(new Revision(2), await database.Log.HeadAsync(tenant, CancellationToken.None));
    }

    /// <summary>More than the lanes take at once, so that all are busy, end together and wait for each other.</summary>
    [Fact]
    public async Task Read_ByManyAtOnce_AnswersEach()
    {
        var ids = Enumerable.Range(0, 100).Select(_ => Entity()).ToList();
        await database.Log.CommitAsync(tenant, [.. ids.Select(id => Create(id))]);
        var readers = Enumerable.Range(0, 300).Select(reader => Task.Run(async () =>
        {
            for (var i = 0; i < 300; i++)
            {
                var id = ids[(reader + i) % ids.Count];
                var read = await database.Log.ReadAsync(tenant, id, i % 2 == 0 ? AsOf.Latest : AsOf.At(new Revision(1)));
                Assert.Equal(id, read!.Id);
            }
        }));
        await Task.WhenAll(readers).WaitAsync(TimeSpan.FromMinutes(3)); // a reader that is forgotten would wait for ever
    }

    [Fact]
    public async Task Open_BySeveralServersAtOnce_AppliesTheSchemaOnce()
    {
        var fresh = await CreateDatabaseAsync();
        var stores = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => OpenAsync(new PostgresOptions { ConnectionString = fresh, PoolSizeMax = 2 })));
        foreach (var store in stores) await store.Log.CommitAsync(Tenant(), Create(Entity()));
        foreach (var store in stores) await store.DisposeAsync();
    }

    [Fact]
    public async Task Open_ADatabaseOfANewerProgram_IsRefused()
    {
        var fresh = await CreateDatabaseAsync();
        await (await OpenAsync(new PostgresOptions { ConnectionString = fresh })).DisposeAsync();
        await RunAsync("insert into strata.migration (version, name) values (9999, 'later')", fresh);
        var fault = await Assert.ThrowsAsync<StrataException>(() => OpenAsync(new PostgresOptions { ConnectionString = fresh }));
        Assert.Equal("SCHEMA_NEWER", fault.Error.Code);
    }

    [Fact]
    public async Task Open_WherePostgresIsNot_IsUnavailable()
    {
        var fault = await Assert.ThrowsAsync<StrataException>(
            () => OpenAsync(new PostgresOptions { ConnectionString = "Host=/nowhere;Username=strata" }));
        Assert.Equal("DATABASE_UNREACHABLE", fault.Error.Code);
    }

    [Fact]
    public async Task Scan_WithATextThatIsSql_TakesItAsText()
    {
        var id = Entity();
        await database.Log.CommitAsync(tenant, Create(id, """{"); drop table strata.log; --":"'); drop table strata.head; --"}"""));
        var path = new Field.Path(JsonPath.Parse("$['); drop table strata.log; --']"));
        var where = new Condition.Compare(path, Operator.Equal, [JsonText.FromString("\"'); drop table strata.head; --\"")]);
        Assert.Equal(id, Assert.Single(await database.Log.ScanAsync(Scan(tenant) with { Where = where })).Id);
        Assert.NotNull(await database.Log.ReadAsync(tenant, id));
    }

    /// <summary>Another session holds the tenant's lock until this is disposed; the writer is made to wait for it.</summary>
    private async Task<NpgsqlConnection> HoldTenantAsync(IEntityLog log)
    {
        await log.CommitAsync(tenant, Create(Entity()));
        var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"begin; select 1 from strata.log_head where tenant = '{tenant.Value}' for update", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private async Task<string> CreateDatabaseAsync()
    {
        var name = "test_" + Guid.CreateVersion7().ToString("N");
        await RunAsync($"create database {name}");
        return new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = name }.ConnectionString;
    }

    private async Task RunAsync(string sql, string? connectionString = null)
    {
        await using var connection = new NpgsqlConnection((connectionString ?? database.ConnectionString) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static Task<PostgresStore> OpenAsync(PostgresOptions options) =>
        PostgresStore.OpenAsync(options, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
}
