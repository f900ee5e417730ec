using Strata.Core;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>The life of an asynchronous search.</summary>
public abstract class SearchJobsContract(IStore store)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private readonly TenantId tenant = Tenant();
    private readonly string server = Entity().ToString();

    private ISearchJobs Jobs => store.SearchJobs;

    private SearchQuery All => new() { Tenant = tenant, Model = Order };

    [Fact]
    public async Task Run_KeepsWhatWasFoundInItsOrder()
    {
        var commit = await store.Log.CommitAsync(tenant, [.. Enumerable.Range(0, 20).Select(_ => Create(Entity()))]);
        var job = await AddAsync();
        Assert.Equal(SearchJobStatus.Running, (await FindAsync(job))?.Status);
        await store.Log.CommitAsync(tenant, Create(Entity()));

        var descending = All with { AsOf = AsOf.At(commit.Revision),
            Sort = [new SortKey(new Entities.Conditions.Field.Meta(Entities.Conditions.MetaField.Id), Descending: true)] };
        Assert.True(await Jobs.RunAsync(job, descending, 100, default));
        var done = await FindAsync(job);
        Assert.Equal((SearchJobStatus.Successful, 20L), (done?.Status, done?.Found));
        Assert.NotNull(done?.FinishedAt);
        var pages = new List<FoundEntity>();
        for (var skip = 0; skip < 30; skip += 7) pages.AddRange(await Jobs.ResultsAsync(tenant, job.Id, skip, 7, default));
        Assert.Equal(await store.Search.FindAsync(descending, default), pages);
        Assert.Empty(await Jobs.ResultsAsync(Tenant(), job.Id, 0, 7, default));
        Assert.False(await Jobs.EndAsync(tenant, job.Id, SearchJobStatus.Cancelled, null, Now, default));
    }

    [Fact]
    public async Task Run_OfACancelledJob_KeepsNothing()
    {
        await store.Log.CommitAsync(tenant, Create(Entity()));
        var job = await AddAsync();
        Assert.True(await Jobs.EndAsync(tenant, job.Id, SearchJobStatus.Cancelled, null, Now, default));
        Assert.False(await Jobs.RunAsync(job, All, 100, default));
        Assert.Empty(await Jobs.ResultsAsync(tenant, job.Id, 0, 10, default));
        Assert.Equal(
            (SearchJobStatus.Cancelled, (DateTimeOffset?)Now), ((await FindAsync(job))?.Status, (await FindAsync(job))?.FinishedAt));
    }

    [Fact]
    public async Task Run_PastTheLimit_FailsAndKeepsNothing()
    {
        await store.Log.CommitAsync(tenant, Create(Entity()), Create(Entity()));
        var job = await AddAsync();
        var failed = await Assert.ThrowsAsync<StrataException>(async () => await Jobs.RunAsync(job, All, 1, default));
        Assert.Equal("SEARCH_RESULT_LIMIT", failed.Error.Code);
        Assert.Equal(SearchJobStatus.Running, (await FindAsync(job))?.Status);
        Assert.True(await Jobs.EndAsync(tenant, job.Id, SearchJobStatus.Failed, "why", Now, default));
        Assert.Equal("why", (await FindAsync(job))?.Message);
    }

    [Fact]
    public async Task Add_PastTheTenantsBound_IsRefusedUntilOneExpires()
    {
        await AddAsync();
        Assert.False(await Jobs.TryAddAsync(New(), server, 1, default));
        Assert.True(await Jobs.TryAddAsync(New() with { Tenant = Tenant() }, server, 1, default));
        Assert.True(await Jobs.TryAddAsync(New() with { CreatedAt = Now.AddHours(2) }, server, 1, default));
    }

    [Fact]
    public async Task Add_AfterCancelledJobs_IsNotRefused_AndOfThoseTheNewestAreKept()
    {
        var cancelled = new List<SearchJob>();
        for (var i = 0; i < 4; i++)
        {
            cancelled.Add(New() with { CreatedAt = Now.AddSeconds(i) });
            Assert.True(await Jobs.TryAddAsync(cancelled[^1], server, 2, default));
            Assert.True(await Jobs.EndAsync(tenant, cancelled[^1].Id, SearchJobStatus.Cancelled, null, Now, default));
        }
        Assert.True(await Jobs.TryAddAsync(New() with { CreatedAt = Now.AddSeconds(9) }, server, 2, default));
        Assert.Null(await FindAsync(cancelled[0]));
        Assert.Null(await FindAsync(cancelled[1]));
        Assert.NotNull(await FindAsync(cancelled[3]));
    }

    [Fact]
    public async Task Sweep_FailsJobsOfSilentServersAndRemovesExpiredOnes()
    {
        var (silent, heard) = (await AddAsync(), New());
        Assert.True(await Jobs.TryAddAsync(heard, server + "2", 100, default));
        Assert.Equal([new RunningSearch(tenant, heard.Id)], await Jobs.HeartbeatAsync(server + "2", Now.AddMinutes(5), default));
        await Jobs.SweepAsync(Now.AddMinutes(5), Now.AddMinutes(4), default);
        Assert.Equal(SearchJobStatus.Failed, (await FindAsync(silent))?.Status);
        Assert.Equal(SearchJobStatus.Running, (await FindAsync(heard))?.Status);
        Assert.Empty(await Jobs.HeartbeatAsync(server, Now.AddMinutes(5), default));

        Assert.Null(await Jobs.FindAsync(tenant, heard.Id, heard.ExpiresAt, default));
        await Jobs.SweepAsync(heard.ExpiresAt, Now, default);
        Assert.Null(await FindAsync(heard));
    }

    private SearchJob New() =>
        new() { Tenant = tenant, Id = SearchJobId.New(TimeProvider.System), Status = SearchJobStatus.Running, CreatedAt = Now,
            ExpiresAt = Now.AddHours(1) };

    private async Task<SearchJob> AddAsync()
    {
        var job = New();
        Assert.True(await Jobs.TryAddAsync(job, server, 100, default));
        return job;
    }

    private ValueTask<SearchJob?> FindAsync(SearchJob job) => Jobs.FindAsync(tenant, job.Id, Now, default);
}
