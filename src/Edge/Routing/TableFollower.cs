using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;
using Strata.Core.Background;
using Strata.Deployments.Kinds;
using Strata.Nodes.Kinds;
using Strata.Tunnels.Kinds;

namespace Strata.Edge.Routing;

/// <summary>
/// Keeps the table as the control plane has it: follows routes, instances and tunnels, and hands in a new snapshot when something that matters has changed. A tunnel is both: its own
/// route, and the one instance behind it.
/// <para>Nothing is handed in before all lists are complete, so an edge that starts or reconnects keeps its last good table until it knows better. When the control plane
/// goes away the table stays as it is.</para>
/// </summary>
internal sealed partial class TableFollower(StrataClient api, Func<TableSnapshot, Task> apply, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RefusedPause = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly FollowedSet<RouteSpec, RouteStatus, RouteRecord> routes = new(ToRecord);
    private readonly FollowedSet<InstanceSpec, InstanceStatus, InstanceRecord> instances = new(ToRecord);
    private readonly FollowedSet<TunnelSpec, TunnelStatus, TunnelRecord> tunnels = new(TunnelRecord.Of);

    /// <summary>Until cancelled; each loop is supervised for itself.</summary>
    public Task RunAsync(Supervisor supervisor, CancellationToken cancellationToken) => supervisor.RunAsync(cancellationToken, [
        ("edge-routes", (work, stop) => FollowAsync(routes, "routes", work, stop)),
        ("edge-instances", (work, stop) => FollowAsync(instances, "instances", work, stop)),
        ("edge-tunnels", (work, stop) => FollowAsync(tunnels, "tunnels", work, stop)),
        ("edge-table", ApplyAsync),
    ]);

    private async Task FollowAsync<TSpec, TStatus, TRecord>(FollowedSet<TSpec, TStatus, TRecord> set, string plural, SupervisedWork work, CancellationToken cancellationToken)
        where TRecord : class
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var told in api.Resources<TSpec, TStatus>(plural).FollowAsync(onError: e => LogBroken(logger, plural, e.Code, e.Message), cancellationToken: cancellationToken))
                {
                    if (set.Take(told)) changed.Writer.TryWrite(true);
                    work.Succeeded();
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                work.Failed(e);
                await Task.Delay(RefusedPause, time, cancellationToken);
            }
        }
    }

    private async Task ApplyAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        await foreach (var _ in changed.Reader.ReadAllAsync(cancellationToken))
        {
            if (routes.Read() is not { } allRoutes || instances.Read() is not { } allInstances || tunnels.Read() is not { } allTunnels) continue;
            try
            {
                await apply(new TableSnapshot([.. allRoutes, .. allTunnels.Select(t => t.Route)], [.. allInstances, .. allTunnels.Select(t => t.Instance).OfType<InstanceRecord>()]));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogNotKept(logger, e);
            }
            catch
            {
                changed.Writer.TryWrite(true); // tried again after the restart, also when nothing changes until then
                throw;
            }
            work.Succeeded();
        }
    }

    private static RouteRecord? ToRecord(Resource<RouteSpec, RouteStatus> route) => new()
    {
        Id = route.Id,
        Org = route.Org,
        Host = route.Spec.Host.ToLowerInvariant(),
        Path = route.Spec.Path,
        DeploymentName = route.Status.DeploymentName ?? route.Name,
        Message = route.Status.Message,
        Targets = [.. route.Status.Targets.Select(t => new TargetRecord(t.Release, t.Weight, t.StaticImage))],
    };

    /// <summary>Only those that may get requests are of interest.</summary>
    private static InstanceRecord? ToRecord(Resource<InstanceSpec, InstanceStatus> instance) =>
        instance.State == InstanceStates.Ready && instance.Status is { Address: { } address, Port: { } port }
            ? new InstanceRecord(instance.Id, instance.Spec.Release, address, port)
            : null;

    [LoggerMessage(Level = LogLevel.Information, Message = "The watch of {Plural} broke off and is taken up again; the edge serves its last table meanwhile: {Code} {Reason}")]
    private static partial void LogBroken(ILogger logger, string plural, string code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The table is in use but could not be written to disk")]
    private static partial void LogNotKept(ILogger logger, Exception exception);
}
