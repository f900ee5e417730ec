using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Postgres;

/// <summary>What a real server answers when it cannot write: none of it is the data's fault, and none of it ends the writer.</summary>
public sealed class WriterFaultTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private readonly TenantId tenant = Tenant();

    [Theory]
    [InlineData("40P01")] // deadlock
    [InlineData("40001")] // serialization failure
    [InlineData("25006")] // read-only after a failover
    [InlineData("53100")] // disk full
    [InlineData("57P01")] // the administrator ends the session
    [InlineData("58030")] // I/O error
    [InlineData("XX000")] // internal error
    public async Task Append_WhileTheServerFails_IsRetriedAndCommitted(string state)
    {
        await using var store = await OpenAsync(TimeSpan.FromMinutes(2));
        await FailAsync(state, times: 7);
        await store.Log.CommitAsync(tenant, Create(Entity()));
        Assert.Equal(new Revision(1), await store.Log.HeadAsync(tenant, CancellationToken.None));
    }

    [Theory]
    [InlineData("40P01")]
    [InlineData("25006")]
    [InlineData("XX000")]
    public async Task Append_WhileTheServerFailsForLong_IsUnavailableAndLaterGoesOn(string state)
    {
        await using var store = await OpenAsync(TimeSpan.FromMilliseconds(100));
        await FailAsync(state, times: 1_000_000);
        for (var i = 0; i < 3; i++)
        {
            var fault = await Assert.ThrowsAsync<StrataException>(
                async () => await store.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None));
            Assert.Equal("STORAGE_UNAVAILABLE", fault.Error.Code);
            Assert.True(fault.Error.Retryable);
        }
        await HealAsync();
        await store.Log.CommitAsync(tenant, Create(Entity()));
    }

    [Theory]
    [InlineData("22P05")]
    [InlineData("23514")]
    [InlineData("54000")]
    public async Task Append_DataThatTheServerRefuses_IsNotStorable(string state)
    {
        await FailAsync(state, times: 1_000_000);
        var fault = await Assert.ThrowsAsync<StrataException>(
            async () => await database.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None));
        Assert.Equal("NOT_STORABLE", fault.Error.Code);
        await HealAsync();
    }

    [Fact]
    public async Task Append_AnInternalErrorOfOneCommit_DoesNotKeepBackTheOthers()
    {
        await using var store = await OpenAsync(TimeSpan.FromMilliseconds(100));
        await FailAsync("XX000", times: 1_000_000);
        var other = Tenant();
        var appends = Enumerable.Range(0, 20).Select(
            i => store.Log.AppendAsync(Commit(i == 7 ? tenant : other, Create(Entity())), CancellationToken.None).AsTask()).ToList();
        Assert.Equal("STORAGE_UNAVAILABLE", (await Assert.ThrowsAsync<StrataException>(() => appends[7])).Error.Code);
        appends.RemoveAt(7);
        Assert.All(await Task.WhenAll(appends), outcome => Assert.IsType<AppendOutcome.Committed>(outcome));
    }

    [Fact]
    public async Task Append_OnAServerThatBecameReadOnly_WaitsForTheOneThatCanWrite()
    {
        await using var store = await OpenAsync(TimeSpan.FromMinutes(2));
        var first = Commit(tenant, Create(Entity()));
        var committed = await store.Log.CommitAsync(first);
        await RunAsync(
            "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$");
        await CutAsync();
        var append = store.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None).AsTask();
        await Poll.UntilAsync(
            async () => await CountAsync("select count(*) from pg_stat_activity where datname = current_database() and state = 'idle'") > 0
                || append.IsCompleted);
        Assert.False(append.IsFaulted);
        await RunAsync("do $$ begin execute format('alter database %I reset default_transaction_read_only', current_database()); end $$");
        await CutAsync();
        Assert.IsType<AppendOutcome.Committed>(await append);
        Assert.Equal(
            new AppendOutcome.AlreadyCommitted(committed.Revision, committed.At),
            await store.Log.AppendAsync(first, CancellationToken.None));
    }

    [Fact]
    public async Task Append_CutOffInTheMiddle_IsCommittedOnce()
    {
        await using var store = await OpenAsync(TimeSpan.FromMinutes(2));
        await store.Log.CommitAsync(tenant, Create(Entity()));
        await using var held = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await held.OpenAsync();
        await using (var command = new NpgsqlCommand(
            $"begin; select 1 from strata.log_head where tenant = '{tenant.Value}' for update", held)) await command.ExecuteNonQueryAsync();
        var append = store.Log.AppendAsync(Commit(tenant, Create(Entity())), CancellationToken.None).AsTask();
        const string waits = "datname = current_database() and wait_event_type = 'Lock'";
        for (var cut = 0L; cut < 3;)
            cut += await CountAsync($"select count(pg_terminate_backend(pid)) from pg_stat_activity where {waits}");
        await held.DisposeAsync();
        Assert.IsType<AppendOutcome.Committed>(await append);
        Assert.Equal(new Revision(2), await store.Log.HeadAsync(tenant, CancellationToken.None));
    }

    /// <summary>Each insert into this tenant's log fails, so many times.</summary>
    private Task FailAsync(string state, int times) => RunAsync($"""
        create sequence if not exists public.failures;
        select setval('public.failures', 1, false);
        create or replace function public.fail() returns trigger language plpgsql security definer as $$
        begin
            if new.tenant = '{tenant.Value}' and nextval('public.failures') <= {times} then raise exception 'made to fail' using errcode = '{state}'; end if;
            return new;
        end $$;
        drop trigger if exists fail on strata.log;
        create trigger fail before insert on strata.log for each row execute function public.fail();
        """);

    private Task HealAsync() => RunAsync("drop trigger if exists fail on strata.log");

    private Task CutAsync() =>
        RunAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");

    private async Task RunAsync(string sql) => await CountAsync(sql);

    private async Task<long> CountAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(
            database.ConnectionString + ";Pooling=false;Options=-c default_transaction_read_only=off");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is long count ? count : 0;
    }

    private Task<PostgresStore> OpenAsync(TimeSpan retryFor) => PostgresStore.OpenAsync(
        new PostgresOptions { ConnectionString = database.ConnectionString, PoolSizeMax = 2, RetryFor = retryFor }, TimeProvider.System,
        NullLoggerFactory.Instance, CancellationToken.None);
}
