using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Search;
using Strata.EntityApi.Search.Jobs;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Search;

/// <summary>What happens to an asynchronous search while its insert is under way.</summary>
public sealed class SearchJobRunnerTests : IAsyncLifetime
{
    private static readonly TenantId Org = TenantId.New(TimeProvider.System);
    private static readonly Caller Caller = new(Org, "test");

    private readonly MemoryStore store = new();
    private readonly Supervisor supervisor = new(TimeProvider.System, NullLogger<Supervisor>.Instance);
    private SlowInserts jobs = null!;
    private SearchJobRunner runner = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        jobs = new SlowInserts(store.SearchJobs);
        runner = new SearchJobRunner(
            jobs, new SearchOptions { JobsPerTenantMax = 1 }, TimeProvider.System, NullLogger<SearchJobRunner>.Instance, supervisor);
    }

    public async ValueTask DisposeAsync()
    {
        await supervisor.StopAllAsync();
        runner.Dispose();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Submit_ClientLeavesDuringTheInsert_TheSearchDoesNotCountAgainstItsOrganization()
    {
        using var client = new CancellationTokenSource();
        var submitting = SubmitAsync(client.Token);
        await jobs.Inserting.Task;
        await client.CancelAsync();
        jobs.Insert.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => submitting);
        Assert.Equal(SearchJobStatus.Cancelled, (await FindAsync(await jobs.Inserting.Task))!.Status);
        Assert.Equal(0, runner.Shares.First().Used);
        Assert.True((await SubmitAsync(CancellationToken.None)).IsOk); // the organization may have one
    }

    [Fact]
    public async Task Beat_DuringTheInsert_LeavesTheSearchAlone()
    {
        var submitting = SubmitAsync(CancellationToken.None);
        await jobs.Inserting.Task;
        await runner.HeartbeatAsync(CancellationToken.None);
        jobs.Insert.SetResult();
        var job = (await submitting).Value;
        await runner.HeartbeatAsync(CancellationToken.None);
        await runner.StartAsync(CancellationToken.None);
        await UntilAsync(async () => (await FindAsync(job.Id))!.Status != SearchJobStatus.Running);
        Assert.Equal(SearchJobStatus.Successful, (await FindAsync(job.Id))!.Status);
        await UntilAsync(() => Task.FromResult(runner.Shares.First().Used == 0));
        await runner.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Cancel_OfASearchThatWaits_FreesItsPlaceAtOnce()
    {
        jobs.Insert.SetResult();
        var job = (await SubmitAsync(CancellationToken.None)).Value; // no worker runs yet
        Assert.Equal((1, 1), (runner.Shares.First().Used, runner.Shares.Last().Waiting));
        Assert.True(await runner.CancelAsync(job, CancellationToken.None));
        Assert.Equal((0, 0), (runner.Shares.First().Used, runner.Shares.Last().Waiting));
    }

    [Fact]
    public async Task Beat_OfASearchThatAnotherServerCancelled_FreesItsPlace()
    {
        jobs.Insert.SetResult();
        var job = (await SubmitAsync(CancellationToken.None)).Value;
        Assert.True(
            await store.SearchJobs.EndAsync(Org, job.Id, SearchJobStatus.Cancelled, null, TimeProvider.System.GetUtcNow(), default));
        await runner.HeartbeatAsync(CancellationToken.None);
        Assert.Equal(0, runner.Shares.First().Used);
    }

    private Task<Result<SearchJob>> SubmitAsync(CancellationToken client) =>
        runner.SubmitAsync(Caller, Query, null, client).AsTask();

    private async Task<SearchJob?> FindAsync(SearchJobId id) =>
        await store.SearchJobs.FindAsync(Org, id, TimeProvider.System.GetUtcNow(), default);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) await Task.Delay(20, patience.Token);
    }

    private static SearchQuery Query => new() { Tenant = Org, Model = new ModelKey("order", 1) };

    /// <summary>The store's jobs, whose inserts wait for the test.</summary>
    private sealed class SlowInserts(ISearchJobs jobs) : ISearchJobs
    {
        /// <summary>The search that is about to be inserted.</summary>
        public TaskCompletionSource<SearchJobId> Inserting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Insert { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<bool> TryAddAsync(SearchJob job, string server, int perTenantMax, CancellationToken cancellationToken)
        {
            Inserting.TrySetResult(job.Id);
            await Insert.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
            return await jobs.TryAddAsync(job, server, perTenantMax, cancellationToken);
        }

        public ValueTask<SearchJob?> FindAsync(TenantId tenant, SearchJobId id, DateTimeOffset now, CancellationToken cancellationToken) =>
            jobs.FindAsync(tenant, id, now, cancellationToken);

        public ValueTask<bool> RunAsync(SearchJob job, SearchQuery search, long resultsMax, CancellationToken cancellationToken) =>
            jobs.RunAsync(job, search, resultsMax, cancellationToken);

        public ValueTask<bool> EndAsync(
            TenantId tenant, SearchJobId id, SearchJobStatus status, string? message, DateTimeOffset now,
            CancellationToken cancellationToken) =>
            jobs.EndAsync(tenant, id, status, message, now, cancellationToken);

        public ValueTask<IReadOnlyList<FoundEntity>> ResultsAsync(
            TenantId tenant, SearchJobId id, long skip, int take, CancellationToken cancellationToken) =>
            jobs.ResultsAsync(tenant, id, skip, take, cancellationToken);

        public ValueTask<IReadOnlyList<RunningSearch>> HeartbeatAsync(
            string server, DateTimeOffset now, CancellationToken cancellationToken) =>
            jobs.HeartbeatAsync(server, now, cancellationToken);

        public ValueTask SweepAsync(DateTimeOffset now, DateTimeOffset heardSince, CancellationToken cancellationToken) =>
            jobs.SweepAsync(now, heardSince, cancellationToken);
    }
}
