using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Entities.Log;
using Strata.Storage.Memory;
using Strata.Storage.Postgres;
using Strata.Storage.PrivateServer;
using Strata.Storage.Tests.Contract;

[assembly: AssemblyFixture(typeof(TestServer))]

namespace Strata.Storage.Tests.Contract;

/// <summary>One store of each contract, ready for a test class.</summary>
public interface IStore : IStorage, IAsyncLifetime;

public sealed class MemoryStore : IStore
{
    private readonly MemoryLeases leases = new(TimeProvider.System);
    private readonly MemoryLog log;
    private MemorySearchJobs? jobs;
    private readonly MemoryValues durable;
    private MemoryTransfers? transfers;

    public MemoryStore() => (log, durable) = (new MemoryLog(TimeProvider.System, leases), new MemoryValues(leases));

    public IEntityLog Log => log;

    public IEntitySearch Search => new MemorySearch(log);

    public ISearchIndexes SearchIndexes { get; } = new MemorySearchIndexes();

    public ISearchJobs SearchJobs => jobs ??= new MemorySearchJobs(new MemorySearch(log), TimeProvider.System);

    public ILeases Leases => leases;

    public ILines Lines { get; } = new MemoryLines(TimeProvider.System);

    public IMessages Messages { get; } = new MemoryMessages();

    public IDurableValues DurableValues => durable;

    public ITransfers Transfers => transfers ??= new MemoryTransfers(log, durable, leases);

    public IRetention Retention => new MemoryRetention(log);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A database on the assembly's server: its own, or one that tests use one after another.</summary>
public sealed class PostgresDatabase(TestServer server) : IStore
{
    private PostgresStore store = null!;
    private bool reused;

    /// <summary>
    /// One that comes with an open store and with what earlier tests wrote, and goes to a later test: for tests that keep to organizations
    /// of their own. To create a database and to connect to it costs ten times what such a test does.
    /// </summary>
    public static PostgresDatabase Reused(TestServer server) => new(server) { reused = true };

    public string ConnectionString { get; private set; } = "";

    public IEntityLog Log => store.Log;

    public ILeases Leases => store.Leases;

    public ILines Lines => store.Lines;

    public IMessages Messages => store.Messages;

    public IEntitySearch Search => store.Search;

    public IDurableValues DurableValues => store.DurableValues;

    public ISearchJobs SearchJobs => store.SearchJobs;

    public ITransfers Transfers => store.Transfers;

    public IRetention Retention => store.Retention;

    public ISearchIndexes SearchIndexes => store.SearchIndexes;

    public async ValueTask InitializeAsync()
    {
        if (reused && server.Idle.TryTake(out var open))
        {
            (ConnectionString, store) = open;
            return;
        }
        ConnectionString = await server.CreateDatabaseAsync();
        store = await OpenAsync();
    }

    /// <summary>Another server on the same database.</summary>
    public Task<PostgresStore> OpenAsync() => PostgresStore.OpenAsync(
        new PostgresOptions { ConnectionString = ConnectionString, PoolSizeMax = 4 }, TimeProvider.System, NullLoggerFactory.Instance,
        CancellationToken.None);

    public ValueTask DisposeAsync()
    {
        if (!reused) return store.DisposeAsync();
        server.Idle.Add((ConnectionString, store));
        return ValueTask.CompletedTask;
    }
}

/// <summary>The private PostgreSQL of all tests of this assembly; gone with its folder when they end.</summary>
public sealed class TestServer : IAsyncLifetime
{
    /// <summary>Has the schema, and is copied for each test: applying the migrations each time takes longer than most tests.</summary>
    private const string Template = "template_strata";

    private readonly string home = Directory.CreateTempSubdirectory("strata-storage-test-").FullName;
    private readonly SemaphoreSlim creating = new(1);
    private PrivatePostgres? server;
    private int databases;

    /// <summary>Databases that no test uses at the moment, with their open stores.</summary>
    public ConcurrentBag<(string ConnectionString, PostgresStore Store)> Idle { get; } = [];

    public async ValueTask InitializeAsync()
    {
        server = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions { Folder = home }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance,
            CancellationToken.None);
        // No test of these cuts the power: without waits for the disk, hundreds of databases are made in a tenth of the time.
        await RunAsync("alter system set fsync = off");
        await RunAsync("select pg_reload_conf()");
    }

    /// <returns>The connection string of a new database with the schema.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        await creating.WaitAsync();
        try
        {
            if (databases == 0) await MakeTemplateAsync();
            var name = $"test{++databases}";
            await RunAsync($"create database {name} template {Template}");
            return ConnectionString(name);
        }
        finally
        {
            creating.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, store) in Idle) await store.DisposeAsync();
        if (server is not null) await server.StopAsync(CancellationToken.None);
        Folder.Delete(home);
        creating.Dispose();
    }

    private async Task MakeTemplateAsync()
    {
        await RunAsync($"create database {Template}");
        var options = new PostgresOptions { ConnectionString = ConnectionString(Template), PoolSizeMax = 4 };
        await using var store = await PostgresStore.OpenAsync(
            options, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }

    private string ConnectionString(string database) =>
        server!.ConnectionString.Replace("Database=postgres", $"Database={database}", StringComparison.Ordinal);

    private async Task RunAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(server!.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
