using Microsoft.Extensions.Logging;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;

namespace Strata.EntityApi.Search.Indexes;

/// <summary>
/// Builds and drops declared indexes, on one server of the cloud at a time: at once when declared on this one, otherwise within its period.
/// </summary>
internal sealed partial class SearchIndexBuilder(
    ISearchIndexes indexes, ILeases leases, TimeProvider time, ILogger<SearchIndexBuilder> logger, Supervisor supervisor)
    : SupervisedService(supervisor, "search-indexes"), IDisposable
{
    private const string LeaseName = "controller/search-indexes";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim wake = new(0, 1);

    /// <summary>Something is to be done.</summary>
    public void Wake()
    {
        try
        {
            wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It will look anyway.
        }
    }

    public void Dispose() => wake.Dispose();

    /// <summary>May be stopped at any time: an index that was being built is built again.</summary>
    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        while (true)
        {
            await TryWorkAsync(work, stoppingToken);
            await wake.WaitAsync(Period, stoppingToken);
        }
    }

    private async Task TryWorkAsync(SupervisedWork work, CancellationToken stopping)
    {
        try
        {
            await using var lease = await HeldLease.TryTakeAsync(leases, LeaseName, HeldLease.NewHolder(time), LeaseTime, time, stopping);
            work.Succeeded();
            if (lease is null) return;
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stopping, lease.Lost);
            while (await indexes.WorkAsync(both.Token)) LogWorked();
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // The lease is lost: another server continues.
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            work.Failed(e); // its own period is the pause
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A declared index was built or dropped")]
    private partial void LogWorked();
}
