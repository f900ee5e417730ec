using Strata.Core.Background;
using Strata.Resources.Background;

namespace Strata.Resources.Hosts;

/// <summary>
/// Removes claims that a crash left behind. Several servers may do so at once: each removal names the revision that it was decided on.
/// </summary>
public sealed class HostClaimKeeper(HostClaims claims, Supervisor supervisor, TimeProvider time)
    : SupervisedService(supervisor, "host-claims")
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(15);

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await claims.SweepAsync(stoppingToken);
            work.Succeeded();
        }
    }
}
