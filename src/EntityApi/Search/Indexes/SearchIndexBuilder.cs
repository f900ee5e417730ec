using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search.Indexes;

/// <summary>Builds and drops declared indexes, on one server of the cloud at a time: at once when told on this one, otherwise within its period.</summary>
internal sealed partial class SearchIndexBuilder(ISearchIndexes indexes, ILeases leases, TimeProvider time, ILogger<SearchIndexBuilder> logger) : BackgroundService
{
    private const string LeaseName = "controller/search-indexes";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    private readonly string server = Guid.CreateVersion7(time.GetUtcNow()).ToString();
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

    public override void Dispose()
    {
        wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await TryWorkAsync(stoppingToken);
                await wake.WaitAsync(Period, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // stopped; an index that was being built is built anew
        }
    }

    private async Task TryWorkAsync(CancellationToken stopping)
    {
        try
        {
            await using var lease = await HeldLease.TryTakeAsync(leases, LeaseName, server, LeaseTime, time, stopping);
            if (lease is null) return;
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stopping, lease.Lost);
            while (await indexes.WorkAsync(both.Token)) LogWorked();
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // The lease is lost: another server goes on.
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A declared index was built or dropped")]
    private partial void LogWorked();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Declared indexes could not be looked after; tried again soon")]
    private partial void LogFailed(Exception exception);
}
