using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Postgres;

/// <summary>A database host that is gone without a word: connections stay open and nothing is answered.</summary>
public sealed class SilentDatabaseTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private const int SearchPlaces = 2;

    private readonly TenantId tenant = Tenant();
    private readonly Supervisor supervisor = new(TimeProvider.System, NullLogger<Supervisor>.Instance);

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Listener_AfterASilentLoss_ReconnectsAndHearsAgain()
    {
        await using var proxy = Proxy();
        await using var store = await OpenAsync(proxy);
        await HeardAsync(store);
        proxy.Silence();
        await Poll.UntilAsync(() => StateOf("commit-listener") == WorkState.Failing);
        proxy.Answer();
        await Poll.UntilAsync(() => StateOf("commit-listener") == WorkState.Running);
        await HeardAsync(store);
    }

    /// <summary>A commit of another server wakes whoever waits on this one.</summary>
    private async Task HeardAsync(PostgresStore store)
    {
        var heard = new TaskCompletionSource();
        using var listening = store.Log.OnCommit(head => { if (head.Tenant == tenant) heard.TrySetResult(); });
        await database.Log.CommitAsync(tenant, Create(Entity()));
        await heard.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Read_WhileTheDatabaseIsSilent_FailsWithAllThatWaitAndLaterGoesOn()
    {
        await using var proxy = Proxy();
        await using var store = await OpenAsync(proxy);
        var id = Entity();
        await database.Log.CommitAsync(tenant, Create(id));
        Assert.NotNull(await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None));
        proxy.Silence();
        var reads = Enumerable.Range(0, 1000).Select(
            _ => store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None).AsTask()).ToList();
        foreach (var read in reads) Assert.Equal("STORAGE_UNAVAILABLE", (await Assert.ThrowsAsync<StrataException>(() => read)).Error.Code);
        // at once, without a turn in the queue
        await Assert.ThrowsAsync<StrataException>(async () => await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None));
        Assert.Equal(WorkState.Failing, StateOf("reader"));
        proxy.Answer();
        await Poll.UntilAsync(async () => await TryReadAsync(store, id));
    }

    [Fact]
    public async Task Works_AfterTheDatabaseWasAway_AreShownAsRunningAlthoughNobodyAsks()
    {
        await using var proxy = Proxy();
        await using var store = await OpenAsync(proxy);
        var id = Entity();
        await store.Log.CommitAsync(tenant, Create(id));
        proxy.Refuse();
        foreach (var asOf in (AsOf[])[AsOf.Latest, AsOf.At(new Revision(1))])
            await Assert.ThrowsAsync<StrataException>(async () => await store.Log.ReadAsync(tenant, id, asOf, CancellationToken.None));
        await Assert.ThrowsAsync<StrataException>(() => store.Log.CommitAsync(tenant, Create(Entity())));
        Assert.Equal((WorkState.Failing, WorkState.Failing), (StateOf("reader"), StateOf("commit-writer")));
        proxy.Answer();
        await Poll.UntilAsync(() => (StateOf("reader"), StateOf("commit-writer")) == (WorkState.Running, WorkState.Running));
    }

    /// <summary>What was sent before it was known fails with it; what comes after is refused without a question to the database.</summary>
    [Fact]
    public async Task Requests_WhileTheDatabaseIsAway_AreRefusedAtOnce_UntilItAnswers()
    {
        await using var proxy = Proxy();
        await using var store = await OpenAsync(proxy);
        var id = Entity();
        await store.Log.CommitAsync(tenant, Create(id));
        foreach (var ask in Questions(store, id)) await ask();
        proxy.Silence();
        foreach (var first in Questions(store, id).Select(ask => ask()).ToList())
            Assert.Equal("STORAGE_UNAVAILABLE", (await Assert.ThrowsAsync<StrataException>(() => first)).Error.Code);
        Assert.Equal(WorkState.Failing, StateOf("database-watch"));

        var connections = proxy.Accepted;
        for (var i = 0; i < 200; i++)
        {
            foreach (var ask in Questions(store, id))
            {
                var asked = ask();
                Assert.True(asked.IsCompleted);
                var error = (await Assert.ThrowsAsync<StrataException>(() => asked)).Error;
                Assert.Equal(("STORAGE_UNAVAILABLE", true), (error.Code, error.Retryable));
            }
        }
        Assert.InRange(proxy.Accepted - connections, 0, 20); // the watch's own, and those of what was given up

        proxy.Answer();
        foreach (var ask in Questions(store, id)) await Poll.UntilAsync(() => SucceedsAsync(ask));
        Assert.Equal(WorkState.Running, StateOf("database-watch"));
    }

    /// <summary>What hangs on dead connections takes no place from what comes after.</summary>
    [Fact]
    public async Task Search_AfterSearchesHungInAllPlaces_FindsThemFree()
    {
        await using var proxy = Proxy();
        await using var store = await OpenAsync(proxy);
        await SearchInAllPlacesAsync(store);
        proxy.Silence();
        foreach (var hanging in Enumerable.Range(0, SearchPlaces).Select(_ => SearchAsync(store)).ToList())
            Assert.Equal("STORAGE_UNAVAILABLE", (await Assert.ThrowsAsync<StrataException>(() => hanging)).Error.Code);
        proxy.Answer();
        await Poll.UntilAsync(() => SucceedsAsync(() => SearchInAllPlacesAsync(store)));
    }

    private static Task SearchInAllPlacesAsync(PostgresStore store) =>
        Task.WhenAll(Enumerable.Range(0, SearchPlaces).Select(_ => SearchAsync(store)));

    private static async Task SearchAsync(PostgresStore store) =>
        await store.Search.FindAsync(
            new SearchQuery { Tenant = Tenant(), Model = new ModelKey("order", 1), Limit = 1, Timeout = TimeSpan.FromMinutes(5) },
            CancellationToken.None);

    /// <summary>The process that the watch asks hangs, and the others work: that is no outage.</summary>
    [Fact]
    public async Task Watch_WhoseConnectionHangs_AsksOnAnother()
    {
        await using var proxy = Proxy();
        await using var store = await OpenAsync(proxy);
        await Poll.UntilAsync(async () => await AskedBackendAsync(0) is not null);
        var pid = (await AskedBackendAsync(0))!.Value;
        Signal(pid, "STOP");
        try
        {
            await Poll.UntilAsync(async () =>
            {
                Assert.Equal(WorkState.Running, StateOf("database-watch"));
                return await AskedBackendAsync(pid) is not null;
            });
            await store.Log.CommitAsync(tenant, Create(Entity()));
            Assert.Equal(WorkState.Running, StateOf("database-watch"));
        }
        finally
        {
            Signal(pid, "CONT");
        }
    }

    /// <summary>One that was asked whether it is there.</summary>
    private async Task<int?> AskedBackendAsync(int other)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using var find = source.CreateCommand(
            "select pid from pg_stat_activity where datname = current_database() and query = 'select 1' and state = 'idle' and pid <> $1 limit 1");
        find.Parameters.Add(new NpgsqlParameter { Value = other });
        return (int?)await find.ExecuteScalarAsync();
    }

    [Theory]
    [InlineData("53300", false)] // no connection left: a server that is there says so
    [InlineData("57P03", true)] // it starts
    [InlineData("28P01", true)] // it refuses the login
    public async Task Watch_WhoseQuestionIsRefused_TakesTheDatabaseForAwayOnlyIfItCannotServe(string state, bool isAway)
    {
        var questions = 0;
        ValueTask<NpgsqlConnection> RefuseAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref questions);
            throw new PostgresException("refused", "FATAL", "FATAL", state);
        }
        var options = new PostgresOptions { ConnectionString = "", AwayAfter = TimeSpan.FromMilliseconds(100) };
        await using var watch = new DatabaseWatch(RefuseAsync, options, supervisor, TimeProvider.System);
        await Poll.UntilAsync(() => Volatile.Read(ref questions) >= 4);
        Assert.Equal(isAway, watch.Reason is not null);
        Assert.Equal(WorkState.Failing, StateOf("database-watch"));
    }

    /// <summary>One of PostgreSQL's processes hangs, and the others work.</summary>
    [Fact]
    public async Task Read_WhoseConnectionHangs_IsAnsweredOnAnother()
    {
        await using var proxy = Proxy();
        await using var store = await OpenAsync(proxy);
        var id = Entity();
        await store.Log.CommitAsync(tenant, Create(id));
        Assert.NotNull(await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None));
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using var find = source.CreateCommand(
            "select pid from pg_stat_activity where datname = current_database() and query like '%q.known%' and pid <> pg_backend_pid() order by state_change desc limit 1");
        var pid = (int)(await find.ExecuteScalarAsync())!;
        Signal(pid, "STOP");
        try
        {
            var reads = Enumerable.Range(0, 500).Select(_ => store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None).AsTask());
            Assert.All(await Task.WhenAll(reads), Assert.NotNull);
            Assert.Equal(WorkState.Running, StateOf("database-watch"));
        }
        finally
        {
            Signal(pid, "CONT");
        }
    }

    private static void Signal(int pid, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("kill", ["-" + signal, $"{pid}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>One of each sort: a read by id, one of the past, a list, a commit, a lease.</summary>
    private Func<Task>[] Questions(PostgresStore store, EntityId id) =>
    [
        async () => await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None),
        async () => await store.Log.ReadAsync(tenant, id, AsOf.At(new Revision(1)), CancellationToken.None),
        async () => await store.Log.ScanAsync(Scan(tenant), CancellationToken.None),
        async () => await store.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None),
        async () => await store.Leases.HolderAsync("none", CancellationToken.None),
    ];

    private static async Task<bool> SucceedsAsync(Func<Task> ask)
    {
        try
        {
            await ask();
            return true;
        }
        catch (StrataException e) when (e.Error.Code == "STORAGE_UNAVAILABLE")
        {
            return false;
        }
    }

    private static async Task<bool> TryReadAsync(PostgresStore store, TenantId tenant, EntityId id)
    {
        try
        {
            return await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None) is not null;
        }
        catch (StrataException e) when (e.Error.Code == "STORAGE_UNAVAILABLE")
        {
            return false;
        }
    }

    private Task<bool> TryReadAsync(PostgresStore store, EntityId id) => TryReadAsync(store, tenant, id);

    private WorkState StateOf(string name) => supervisor.Report().Single(w => w.Name == name).State;

    private SilentProxy Proxy() => new(Path.Combine(new NpgsqlConnectionStringBuilder(database.ConnectionString).Host!, ".s.PGSQL.5432"));

    private Task<PostgresStore> OpenAsync(SilentProxy proxy)
    {
        var through = new NpgsqlConnectionStringBuilder(
            database.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable };
        var options = new PostgresOptions
        {
            ConnectionString = through.ConnectionString, PoolSizeMax = 2, SilenceMax = TimeSpan.FromSeconds(1),
            ProbeAfter = TimeSpan.FromSeconds(1),
            RetryFor = TimeSpan.FromSeconds(1), SearchPoolSizeMax = SearchPlaces,
        };
        return PostgresStore.OpenAsync(options, supervisor, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }
}
