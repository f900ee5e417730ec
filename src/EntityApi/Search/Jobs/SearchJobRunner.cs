using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search.Jobs;

/// <summary>
/// Runs this server's asynchronous searches, a few at once, the others waiting in a bounded queue. While it lives it says so, and looks which jobs were
/// cancelled at another server; it ends the jobs of servers that are silent, and removes those past their time. A job that runs when its server dies
/// ends as FAILED.
/// </summary>
internal sealed partial class SearchJobRunner(ISearchJobs jobs, SearchOptions options, TimeProvider time, ILogger<SearchJobRunner> logger) : BackgroundService
{
    private static readonly TimeSpan BeatPeriod = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(60);

    private readonly string server = Guid.CreateVersion7(time.GetUtcNow()).ToString();
    private readonly Channel<Work> queue = Channel.CreateUnbounded<Work>(); // held counts bound it
    private readonly ConcurrentDictionary<SearchJobId, CancellationTokenSource> mine = new();
    private int held;

    /// <summary>Takes a search on; SEARCH_QUEUE_FULL where this server or the organization has too many.</summary>
    public async ValueTask<Result<SearchJob>> SubmitAsync(Caller caller, SearchQuery search, DateTimeOffset? pointInTime, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref held) > options.JobsQueuedMax) return Release(SearchErrors.ServerFull());
        var job = New(caller.Tenant, pointInTime);
        try
        {
            if (!await jobs.TryAddAsync(job, server, options.JobsPerTenantMax, cancellationToken)) return Release(SearchErrors.TenantFull(options.JobsPerTenantMax));
        }
        catch
        {
            Interlocked.Decrement(ref held);
            throw;
        }
        mine[job.Id] = new CancellationTokenSource();
        queue.Writer.TryWrite(new Work(job, search));
        return job;
    }

    /// <summary>False where the job had ended already.</summary>
    public async ValueTask<bool> CancelAsync(SearchJob job, CancellationToken cancellationToken)
    {
        if (!await jobs.EndAsync(job.Tenant, job.Id, SearchJobStatus.Cancelled, null, time.GetUtcNow(), cancellationToken)) return false;
        await StopAsync(job.Id);
        return true;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.JobsAtOnce).Select(_ => WorkAsync(stoppingToken)).Append(BeatAsync(stoppingToken)));

    private async Task WorkAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var work in queue.Reader.ReadAllAsync(stopping)) await RunAsync(work, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops; what waits is failed by another, or after the next start.
        }
    }

    private async Task RunAsync(Work work, CancellationToken stopping)
    {
        var cancelled = mine[work.Job.Id];
        using var late = new CancellationTokenSource(options.JobTimeout, time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancelled.Token, late.Token);
        try
        {
            await jobs.RunAsync(work.Job, work.Search, options.JobResultsMax, any.Token);
        }
        catch (OperationCanceledException)
        {
            if (!cancelled.IsCancellationRequested) await FailAsync(work.Job, late.IsCancellationRequested ? $"The search took longer than {options.JobTimeout}." : "The server has stopped.");
        }
        catch (Exception e)
        {
            if (e is not StrataException) LogFailed(e, work.Job.Id, work.Job.Tenant);
            await FailAsync(work.Job, e is StrataException known ? $"{known.Error.Code}: {known.Error.Message}" : "The search failed; the server's log says why.");
        }
        finally
        {
            Interlocked.Decrement(ref held);
            if (mine.TryRemove(work.Job.Id, out var done)) done.Dispose();
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
            // The store is away: the job is failed as that of a silent server once this one stops saying that it runs it.
        }
    }

    private async Task BeatAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(BeatPeriod, time);
        try
        {
            do
            {
                await TryBeatAsync(stopping);
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // stopped
        }
    }

    private async Task TryBeatAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        try
        {
            var before = mine.Keys.ToList();
            var running = await jobs.BeatAsync(server, now, cancellationToken);
            foreach (var ended in before.Except(running)) await StopAsync(ended);
            await jobs.SweepAsync(now, now - SilenceMax, cancellationToken);
        }
        catch (StrataException e)
        {
            LogAway(e.Error.Message);
        }
    }

    private async Task StopAsync(SearchJobId id)
    {
        try
        {
            if (mine.TryGetValue(id, out var cancellation)) await cancellation.CancelAsync();
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

    private Error Release(Error error)
    {
        Interlocked.Decrement(ref held);
        return error;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Search {Job} of {Tenant} failed unexpectedly")]
    private partial void LogFailed(Exception exception, SearchJobId job, TenantId tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Asynchronous searches could not be looked after: {Reason}")]
    private partial void LogAway(string reason);

    private sealed record Work(SearchJob Job, SearchQuery Search);
}
