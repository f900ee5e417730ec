using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;
using Strata.Resources.Feed;

namespace Strata.Resources.Controllers;

/// <summary>
/// Runs every registered controller, each on one server at a time: the holder of the lease <c>controller/NAME</c>. A lease that cannot be
/// renewed in time counts as lost, and the controller's work is cancelled before another server may begin it. While the store cannot be
/// reached no lease can be held, so all controllers pause; they continue when it is back.
/// </summary>
internal sealed partial class ControllerHost(
    IEnumerable<IControllerLoop> controllers, ChangeFeed feed, ILeases leases, TimeProvider time, ILogger<ControllerHost> logger,
    Supervisor supervisor)
    : SupervisedService(supervisor, "controllers"), IControllerReports
{
    private static readonly TimeSpan RetryAfterFailure = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ListenFor = TimeSpan.FromSeconds(30);

    private readonly Supervisor supervisor = supervisor;
    private readonly IReadOnlyList<IControllerLoop> controllers = [.. controllers];

    public IReadOnlyList<ControllerHealth> Report() => [.. controllers.Select(c => c.Health())];

    /// <summary>
    /// A restart begins a new term for each controller, and a term begins by reconciling everything, so missed changes are found.
    /// </summary>
    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var metrics = ControllerMetrics.Report(this);
        var filter = new FeedFilter(Models: controllers.SelectMany(c => c.Models).ToHashSet());
        // before the controllers list their resources, so that no change is missed
        using var follower = await feed.FollowAsync(filter, stoppingToken);
        await supervisor.RunAsync(stoppingToken, [
            ("controllers-listen", (listening, stop) => ListenAsync(follower, listening, stop)),
            .. controllers.Select(c =>
                ("controller/" + c.Name, (Func<SupervisedWork, CancellationToken, Task>)((holding, stop) => HoldAsync(c, holding, stop)))),
        ]);
    }

    private async Task ListenAsync(FeedFollower follower, SupervisedWork work, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                foreach (var change in await follower.NextAsync(ListenFor, cancellationToken)) Notify(change, work);
                work.Succeeded();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                work.Failed(e); // the follower continues where it was
                await Task.Delay(RetryAfterFailure, time, cancellationToken);
            }
        }
    }

    /// <summary>
    /// A controller that fails on a change must not keep it from the others: they would find it only at their next period.
    /// </summary>
    private void Notify(EntityRevision change, SupervisedWork work)
    {
        foreach (var controller in controllers)
        {
            try
            {
                controller.Notify(change);
            }
            catch (Exception e)
            {
                work.Failed(e);
            }
        }
    }

    private Task HoldAsync(IControllerLoop controller, SupervisedWork work, CancellationToken cancellationToken) =>
        new LeaseTerms("controller/" + controller.Name, leases, time).RunAsync(work, (fence, term) =>
        {
            work.Succeeded();
            return controller.RunAsync(fence, term);
        }, work.Succeeded, () => LeaseLost(logger, controller.Name), cancellationToken);
}
