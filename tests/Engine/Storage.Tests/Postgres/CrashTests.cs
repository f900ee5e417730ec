using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.PrivateServer;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Postgres;

/// <summary>PostgreSQL is killed amid commits, again and again.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private const int Producers = 32;
    private const int Crashes = 3;

    private readonly string home = Directory.CreateTempSubdirectory("strata-crash-test-").FullName;
    private readonly TenantId tenant = Tenant();
    private readonly ConcurrentDictionary<CommitId, AppendOutcome.Committed> acknowledged = new();
    private PrivatePostgres server = null!;
    private int unavailable;

    public async ValueTask InitializeAsync() => await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync(CancellationToken.None);
        Folder.Delete(home);
    }

    [Fact]
    public async Task Append_WhilePostgresIsKilled_KeepsEveryAcknowledgedCommitOnce()
    {
        await using var store = await OpenAsync();
        using var done = new CancellationTokenSource();
        var producers = Enumerable.Range(0, Producers).Select(_ => Task.Run(() => ProduceAsync(store.Log, done.Token))).ToList();
        for (var crash = 0; crash < Crashes; crash++)
        {
            var before = acknowledged.Count;
            await Poll.UntilAsync(() => acknowledged.Count > before + 200);
            await KillAsync();
            await StartAsync();
        }
        var last = acknowledged.Count;
        await Poll.UntilAsync(() => acknowledged.Count > last + 200);
        await done.CancelAsync();
        await Task.WhenAll(producers);

        await CheckAsync(store.Log);
        TestContext.Current.TestOutputHelper?.WriteLine($"{acknowledged.Count} commits, {unavailable} answers STORAGE_UNAVAILABLE");
    }

    [Fact]
    public async Task Read_WhilePostgresIsDown_IsUnavailableAndComesBack()
    {
        await using var store = await OpenAsync();
        var id = Entity();
        await store.Log.CommitAsync(tenant, Create(id));
        await KillAsync();
        var fault = await Assert.ThrowsAsync<StrataException>(async () => await store.Log.ReadAsync(tenant, id));
        Assert.Equal("STORAGE_UNAVAILABLE", fault.Error.Code);
        Assert.True(fault.Error.Retryable);
        foreach (var ask in Asks(store)) Assert.Equal("STORAGE_UNAVAILABLE", (await Assert.ThrowsAsync<StrataException>(ask)).Error.Code);

        await StartAsync();
        await Poll.UntilAsync(() => ComesBackAsync(store, id)); // as soon as it was asked and has answered
        foreach (var ask in Asks(store)) await ask();
    }

    private async Task<bool> ComesBackAsync(PostgresStore store, EntityId id)
    {
        try
        {
            return await store.Log.ReadAsync(tenant, id) is not null;
        }
        catch (StrataException e) when (e.Error.Code == "STORAGE_UNAVAILABLE")
        {
            return false;
        }
    }

    private IEnumerable<Func<Task>> Asks(PostgresStore store) =>
    [
        async () => await store.Log.ScanAsync(Scan(tenant)),
        async () => await store.Log.HeadAsync(tenant, CancellationToken.None),
        async () => await store.Log.CommitAsync(tenant, Create(Entity())),
        async () => await store.Leases.HolderAsync("any", CancellationToken.None),
        async () => await store.Lines.ReadAsync(tenant, Entity(), 0, 1, CancellationToken.None),
    ];

    private async Task CheckAsync(IEntityLog log)
    {
        var logged = new List<EntityRevision>();
        for (var page = await log.FollowAsync(tenant, Revision.None, 1000, CancellationToken.None); page.Count > 0;
            page = await log.FollowAsync(tenant, logged[^1].Revision, 1000, CancellationToken.None)) logged.AddRange(page);

        Assert.Equal(Enumerable.Range(1, logged.Count).Select(r => (long)r), logged.Select(r => r.Revision.Value));
        Assert.Equal(logged.Count, logged.Select(r => r.Commit).Distinct().Count());
        Assert.Equal(acknowledged.Count, logged.Count); // every producer went on until its commit was acknowledged
        foreach (var row in logged) Assert.Equal(acknowledged[row.Commit], new AppendOutcome.Committed(row.Revision, row.ChangedAt));
    }

    private async Task ProduceAsync(IEntityLog log, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            var commit = Commit(tenant, Create(Entity()));
            while (await TryAppendAsync(log, commit) is var outcome)
            {
                if (outcome is null) continue;
                acknowledged[commit.Id] = outcome is AppendOutcome.AlreadyCommitted already
                    ? new AppendOutcome.Committed(already.Revision, already.At) : Assert.IsType<AppendOutcome.Committed>(outcome);
                break;
            }
        }
    }

    private async Task<AppendOutcome?> TryAppendAsync(IEntityLog log, Commit commit)
    {
        try
        {
            return await log.AppendAsync(commit, CancellationToken.None);
        }
        catch (StrataException e) when (e.Error.Retryable)
        {
            Interlocked.Increment(ref unavailable);
            await Task.Delay(5, CancellationToken.None);
            return null;
        }
    }

    private async Task KillAsync()
    {
        using var process = Process.GetProcessById(server.ProcessId);
        process.Kill(entireProcessTree: true);
        await Poll.UntilAsync(() => !server.IsRunning);
    }

    private async Task StartAsync() => server = await PrivatePostgres.StartAsync(
        new PrivatePostgresOptions { Folder = home }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance, CancellationToken.None);

    private Task<PostgresStore> OpenAsync() => PostgresStore.OpenAsync(
        new PostgresOptions { ConnectionString = server.ConnectionString }, TimeProvider.System, NullLoggerFactory.Instance,
        CancellationToken.None);
}
