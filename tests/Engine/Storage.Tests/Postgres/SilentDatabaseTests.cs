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
        var reads = Enumerable.Range(0, 1000).Select(_ => store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None).AsTask()).ToList();
        foreach (var read in reads) Assert.Equal("STORAGE_UNAVAILABLE", (await Assert.ThrowsAsync<StrataException>(() => read)).Error.Code);
        await Assert.ThrowsAsync<StrataException>(async () => await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None)); // at once, without a turn in the queue
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
        var through = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable };
        var options = new PostgresOptions
        {
            ConnectionString = through.ConnectionString, PoolSizeMax = 2, SilenceMax = TimeSpan.FromSeconds(1), ProbeAfter = TimeSpan.FromSeconds(1),
            RetryFor = TimeSpan.FromSeconds(1),
        };
        return PostgresStore.OpenAsync(options, supervisor, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }
}
