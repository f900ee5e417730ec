using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.Resources.Controllers;

/// <summary>
/// Runs every registered controller, each on one server at a time: whoever holds the lease <c>controller/NAME</c>. A lease that cannot be renewed in time counts as lost, and the
/// controller's work is cancelled before another server may begin it.
/// </summary>
internal sealed partial class ControllerHost(
    IEnumerable<IControllerLoop> controllers, IEntityLog log, ILeases leases, TimeProvider time, ILogger<ControllerHost> logger) : BackgroundService
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<IControllerLoop> controllers = [.. controllers];
    private readonly string holder = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (controllers.Count == 0) return;
        var feed = new ChangeFeed(log, time);
        await feed.StartAsync(stoppingToken); // before the controllers list what there is, so that nothing falls in between
        var reading = feed.RunAsync(Tell, stoppingToken);
        await Task.WhenAll([reading, .. controllers.Select(x => HoldAsync(x, stoppingToken))]);
    }

    private void Tell(EntityRevision change)
    {
        foreach (var controller in controllers) controller.Tell(change);
    }

    private async Task HoldAsync(IControllerLoop controller, CancellationToken cancellationToken)
    {
        var lease = "controller/" + controller.Name;
        try
        {
            while (true)
            {
                if (await TryHoldAsync(lease, cancellationToken)) await RunAsync(controller, lease, cancellationToken);
                await Task.Delay(TryInterval, time, cancellationToken);
            }
        }
        finally
        {
            await ReleaseAsync(lease);
        }
    }

    private async Task RunAsync(IControllerLoop controller, string lease, CancellationToken cancellationToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewing = RenewAsync(controller, lease, term);
        try
        {
            await controller.RunAsync(term.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // the lease was lost
        }
        finally
        {
            await term.CancelAsync();
            await renewing;
        }
    }

    /// <summary>Ends the term when the lease was not renewed for so long that it is about to lapse.</summary>
    private async Task RenewAsync(IControllerLoop controller, string lease, CancellationTokenSource term)
    {
        var renewed = time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(RenewInterval, time, term.Token);
                if (await TryHoldAsync(lease, term.Token)) renewed = time.GetTimestamp();
                else if (time.GetElapsedTime(renewed) > LeaseTime - RenewInterval) break;
            }
            LeaseLost(logger, controller.Name);
            await term.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // the term has ended
        }
    }

    private async Task<bool> TryHoldAsync(string lease, CancellationToken cancellationToken)
    {
        try
        {
            return await leases.TryHoldAsync(lease, holder, LeaseTime, cancellationToken);
        }
        catch (StrataException)
        {
            return false; // the store cannot be reached; it is asked again until the lease would lapse
        }
    }

    private async Task ReleaseAsync(string lease)
    {
        try
        {
            await leases.ReleaseAsync(lease, holder, CancellationToken.None);
        }
        catch (StrataException)
        {
            // it lapses by itself
        }
    }
}

/// <summary>Registers controllers with the host.</summary>
public static class ControllerServices
{
    /// <summary>Runs this controller with the others, on one server at a time. Needs <see cref="ResourceStore{TSpec,TStatus}"/> of its kind, the log, the leases and logging.</summary>
    public static IServiceCollection AddController<TController, TSpec, TStatus>(this IServiceCollection services)
        where TController : Controller<TSpec, TStatus>
    {
        services.AddSingleton<TController>();
        services.AddSingleton<IControllerLoop>(x => new ControllerLoop<TSpec, TStatus>(
            x.GetRequiredService<TController>(), x.GetRequiredService<ResourceStore<TSpec, TStatus>>(), x.GetRequiredService<IEntityLog>(),
            x.GetRequiredService<TimeProvider>(), x.GetRequiredService<ILogger<TController>>()));
        if (services.All(x => x.ImplementationType != typeof(ControllerHost))) services.AddHostedService<ControllerHost>();
        return services;
    }
}
