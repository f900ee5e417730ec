using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Core.Sharing;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;

namespace Strata.EntityApi.Search.Jobs;

/// <summary>
/// Runs this server's asynchronous searches, a few at once, the others waiting in a bounded queue that organizations share fairly. While it
/// runs it sends heartbeats, and checks which jobs were cancelled at another server; it ends the jobs of servers that are silent, and
/// removes those past their time. A job that runs when its server dies ends as FAILED.
/// </summary>
internal sealed partial class SearchJobRunner(
    ISearchJobs jobs, SearchOptions options, TimeProvider time, ILogger<SearchJobRunner> logger, Supervisor supervisor)
    : SupervisedService(supervisor, "search-jobs"), IShareReport, IDisposable
{
    private static readonly TimeSpan BeatPeriod = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(60);

    private readonly Supervisor supervisor = supervisor;
    private readonly string server = Guid.CreateVersion7(time.GetUtcNow()).ToString();
    private readonly FairShare places = new("asynchronous searches", new ShareSize(options.JobsQueuedMax));
    private readonly JobQueue<Work> queue = new(Math.Max(1, options.JobsAtOnce - 1)); // the places bound it
    private readonly ConcurrentDictionary<SearchJobId, Held> mine = new();

    /// <summary>Those that this server holds, and those of them that run; the others wait.</summary>
    public IEnumerable<ShareUse> Shares =>
        [places.Use, new("running asynchronous searches", queue.Running, options.JobsAtOnce, 0, queue.Waiting)];

    /// <summary>Accepts a search; SEARCH_QUEUE_FULL if this server or the organization has too many.</summary>
    /// <remarks>
    /// The insert is not cancelled when the client leaves: whether it took place would be unknown. A job without a client is cancelled
    /// right after it; one whose insert ended in an unknown outcome is found by the next heartbeat.
    /// </remarks>
    public async ValueTask<Result<SearchJob>> SubmitAsync(
        Caller caller, SearchQuery search, DateTimeOffset? pointInTime, CancellationToken cancellationToken)
    {
        if (!places.TryTake(caller.Tenant).TryGet(out var place, out var full)) return SearchErrors.ServerFull(full);
        var job = New(caller.Tenant, pointInTime);
        var held = new Held(caller.Tenant, new CancellationTokenSource(), place);
        mine[job.Id] = held; // before the insert: a heartbeat fails jobs in the database that are not here
        var isQueued = false;
        try
        {
            if (!await jobs.TryAddAsync(job, server, options.JobsPerTenantMax, CancellationToken.None))
                return SearchErrors.TenantFull(options.JobsPerTenantMax);
            held.IsStored = true;
            if (cancellationToken.IsCancellationRequested)
                await jobs.EndAsync(job.Tenant, job.Id, SearchJobStatus.Cancelled, null, time.GetUtcNow(), CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
            queue.Add(job.Tenant, new Work(job, search));
            isQueued = true;
            return job;
        }
        finally
        {
            if (!isQueued) Forget(job.Id);
        }
    }

    public void Dispose() => queue.Dispose();

    /// <summary>False where the job had ended already.</summary>
    public async ValueTask<bool> CancelAsync(SearchJob job, CancellationToken cancellationToken)
    {
        if (!await jobs.EndAsync(job.Tenant, job.Id, SearchJobStatus.Cancelled, null, time.GetUtcNow(), cancellationToken)) return false;
        await StopAsync(job.Id);
        return true;
    }

    protected override Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken) =>
        supervisor.RunAsync(
            stoppingToken,
            [("search-heartbeat", HeartbeatAsync),
                .. Enumerable.Repeat(("search-worker", (Func<SupervisedWork, CancellationToken, Task>)WorkAsync), options.JobsAtOnce)]);

    /// <summary>When the server stops, another server fails the waiting jobs, or the next start does.</summary>
    private async Task WorkAsync(SupervisedWork work, CancellationToken stopping)
    {
        while (true)
        {
            var next = await queue.TakeAsync(stopping);
            try
            {
                await RunAsync(next, stopping);
                work.Succeeded();
            }
            finally
            {
                queue.Done(next.Job.Tenant);
            }
        }
    }

    private async Task RunAsync(Work work, CancellationToken stopping)
    {
        if (!mine.TryGetValue(work.Job.Id, out var held)) return;
        var cancelled = held.Cancellation;
        using var late = new CancellationTokenSource(options.JobTimeout, time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancelled.Token, late.Token);
        try
        {
            await jobs.RunAsync(work.Job, work.Search, options.JobResultsMax, any.Token);
        }
        catch (OperationCanceledException)
        {
            if (!cancelled.IsCancellationRequested)
                await FailAsync(work.Job, late.IsCancellationRequested
                    ? $"The search took longer than {options.JobTimeout}." : "The server has stopped.");
        }
        catch (Exception e)
        {
            if (e is not StrataException) LogFailed(e, work.Job.Id, work.Job.Tenant);
            await FailAsync(work.Job, e is StrataException known
                ? $"{known.Error.Code}: {known.Error.Message}" : "The search failed; the server's log says why.");
        }
        finally
        {
            Forget(work.Job.Id);
        }
    }

    private async Task FailAsync(SearchJob job, string message)
    {
        try
        {
            await jobs.EndAsync(job.Tenant, job.Id, SearchJobStatus.Failed, message, time.GetUtcNow(), CancellationToken.None);
        }
        catch (StrataException)
        {
            // The store is away: the first heartbeat after it is back finds the job in the database and not here, and fails it.
        }
    }

    private async Task HeartbeatAsync(SupervisedWork work, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(BeatPeriod, time);
        do
        {
            try
            {
                await HeartbeatAsync(stopping);
                work.Succeeded();
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                work.Failed(e); // the next heartbeat is soon enough
            }
        }
        while (await timer.WaitForNextTickAsync(stopping));
    }

    /// <summary>
    /// Brings both sides together: a job that was ended elsewhere is stopped here, one that does not run here is failed there.
    /// </summary>
    internal async Task HeartbeatAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var before = mine.Where(m => m.Value.IsStored).Select(m => m.Key).ToList(); // one whose insert is under way was not ended elsewhere
        var running = await jobs.HeartbeatAsync(server, now, cancellationToken);
        foreach (var ended in before.Except(running.Select(r => r.Id))) await StopAsync(ended);
        foreach (var lost in running.Where(r => !mine.ContainsKey(r.Id)))
            await jobs.EndAsync(
                lost.Tenant, lost.Id, SearchJobStatus.Failed, "The search was lost when the database was away.", now, cancellationToken);
        await jobs.SweepAsync(now, now - SilenceMax, cancellationToken);
    }

    private void Forget(SearchJobId id)
    {
        if (!mine.TryRemove(id, out var done)) return;
        done.Cancellation.Dispose();
        done.Place.Dispose();
    }

    private async Task StopAsync(SearchJobId id)
    {
        try
        {
            if (!mine.TryGetValue(id, out var held)) return;
            await held.Cancellation.CancelAsync();
            if (queue.TryRemove(held.Tenant, w => w.Job.Id == id)) Forget(id); // its place is free now, not when its turn would have come
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself this moment.
        }
    }

    private SearchJob New(TenantId tenant, DateTimeOffset? pointInTime) => new()
    {
        Tenant = tenant,
        Id = SearchJobId.New(time),
        Status = SearchJobStatus.Running,
        PointInTime = pointInTime,
        CreatedAt = time.GetUtcNow(),
        ExpiresAt = time.GetUtcNow() + options.JobLifetime,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "Search {Job} of {Tenant} failed unexpectedly")]
    private partial void LogFailed(Exception exception, SearchJobId job, TenantId tenant);

    private sealed class Held(TenantId tenant, CancellationTokenSource cancellation, ShareLease place)
    {
        private volatile bool isStored;

        public TenantId Tenant => tenant;
        public CancellationTokenSource Cancellation => cancellation;
        public ShareLease Place => place;

        /// <summary>Its row is there, so that a heartbeat which does not find it knows that it has ended.</summary>
        public bool IsStored { get => isStored; set => isStored = value; }
    }

    private sealed record Work(SearchJob Job, SearchQuery Search);
}
