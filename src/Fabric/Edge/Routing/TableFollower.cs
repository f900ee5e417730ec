using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Edge.Tls;

namespace Strata.Edge.Routing;

/// <summary>
/// Keeps the table as the control plane has it: follows routes, instances, nodes, tunnels and certificates, and hands in a new snapshot
/// when something that matters has changed. A tunnel is both: its own route, and the one instance behind it. An instance whose address its
/// node does not allow is left out, and so is a tunnel outside the server's range.
/// <para>Nothing is handed in before all lists are complete, so an edge that starts or reconnects keeps its last good table until it
/// knows better. When the control plane goes away the table does not change.</para>
/// <para>Changes that come together are applied together: after a table that took long to make the next one waits three times as long, so
/// that many routes which change all the time leave most of the processor to requests.</para>
/// </summary>
internal sealed partial class TableFollower(
    StrataClient api, EdgeOptions options, Action<TableSnapshot> apply, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RefusedPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan UnknownPause = TimeSpan.FromSeconds(30);
    private const int PauseFactor = 3;
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(1);

    private readonly HashSet<InstanceRecord> reported = [];

    private readonly Channel<bool> changed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly FollowedSet<RouteSpec, RouteStatus, RouteRecord> routes = new(ToRecord);
    private readonly FollowedSet<InstanceSpec, InstanceStatus, PlacedInstance> instances = new(PlacedInstance.From);
    private readonly FollowedSet<NodeSpec, NodeStatus, NodeRecord> nodes = new(NodeRecord.Of);
    private readonly FollowedSet<TunnelSpec, TunnelStatus, TunnelRecord> tunnels = new(TunnelRecord.Of);
    private readonly FollowedSet<CertificateSpec, CertificateStatus, CertificateRecord> certificates = new(CertificateRecord.Of);
    private readonly FollowedSet<IssuerSpec, IssuerStatus, string> thumbprints = new(i => i.Status.Thumbprint);

    /// <summary>Until cancelled; each loop is supervised for itself.</summary>
    public Task RunAsync(Supervisor supervisor, CancellationToken cancellationToken) => supervisor.RunAsync(cancellationToken, [
        ("edge-routes", (work, stop) => FollowAsync(routes, "routes", work, stop)),
        ("edge-instances", (work, stop) => FollowAsync(instances, "instances", work, stop)),
        ("edge-nodes", (work, stop) => FollowAsync(nodes, "nodes", work, stop)),
        ("edge-tunnels", (work, stop) => FollowAsync(tunnels, "tunnels", work, stop)),
        ("edge-certificates", (work, stop) => FollowAsync(certificates, "certificates", work, stop)),
        ("edge-issuers", (work, stop) => FollowAsync(thumbprints, "issuers", work, stop)),
        ("edge-table", ApplyAsync),
    ]);

    private async Task FollowAsync<TSpec, TStatus, TRecord>(
        FollowedSet<TSpec, TStatus, TRecord> set, string plural, SupervisedWork work, CancellationToken cancellationToken)
        where TRecord : class
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var changes = api.Resources<TSpec, TStatus>(plural).FollowAsync(
                    onError: e => LogBroken(logger, plural, e.Code, e.Message), cancellationToken: cancellationToken);
                await foreach (var change in changes)
                {
                    if (set.Take(change)) changed.Writer.TryWrite(true);
                    work.Succeeded();
                }
            }
            catch (StrataException e) when (e.Error.Code == "NO_SUCH_ENDPOINT")
            {
                // A server of an older version: what it does not know does not exist.
                if (set.TakeNone()) changed.Writer.TryWrite(true);
                work.Succeeded();
                await Task.Delay(UnknownPause, time, cancellationToken);
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
            var since = time.GetTimestamp();
            if (Gather() is not { } snapshot) continue;
            try
            {
                apply(snapshot);
            }
            catch
            {
                changed.Writer.TryWrite(true); // tried again after the restart, also when nothing changes until then
                throw;
            }
            work.Succeeded();
            var pause = time.GetElapsedTime(since) * PauseFactor;
            await Task.Delay(pause < PauseMax ? pause : PauseMax, time, cancellationToken);
        }
    }

    /// <summary>Null while not all lists are complete.</summary>
    private TableSnapshot? Gather()
    {
        if (routes.Read() is not { } allRoutes || instances.Read() is not { } placed || nodes.Read() is not { } allNodes) return null;
        if (tunnels.Read() is not { } allTunnels || certificates.Read() is not { } allCertificates) return null;
        if (thumbprints.Read() is not { } allThumbprints) return null;
        var (allowed, refused) = PlacedInstance.Check(placed, allNodes);
        var connected = allTunnels.Select(t => t.Instance).OfType<InstanceRecord>()
            .ToLookup(i => options.TunnelAddresses.Allows(i.Address, i.Port));
        reported.IntersectWith([.. refused, .. connected[false]]);
        foreach (var i in refused.Where(reported.Add)) LogAddressRefused(logger, i.Id, i.Org, i.Address, i.Port);
        foreach (var i in connected[false].Where(reported.Add)) LogTunnelRefused(logger, i.Id, i.Org, i.Address, i.Port);
        var apis = allRoutes.Where(ApiRoute.Is).Select(r => r.Org).Distinct(StringComparer.Ordinal)
            .Select(org => ApiRoute.InstanceAt(options.ApiUrl, org)).OfType<InstanceRecord>();
        return new TableSnapshot([.. allRoutes, .. allTunnels.Select(t => t.Route)], [.. allowed, .. connected[true], .. apis])
        {
            Starting = PlacedInstance.Starting(placed, allNodes), Certificates = allCertificates,
            KnowsCertificates = !certificates.IsUnknownKind,
            AcmeThumbprint = allThumbprints is [var thumbprint, ..] ? thumbprint : null, // all accounts have one key
        };
    }

    private static RouteRecord ToRecord(Resource<RouteSpec, RouteStatus> route) => new()
    {
        Id = route.Id,
        Org = route.Org,
        Project = route.Project,
        CreatedAt = route.CreatedAt,
        Host = route.Spec.Host.ToLowerInvariant(),
        Path = route.Spec.Path,
        DeploymentName = route.Status.DeploymentName ?? route.Name,
        Message = route.Status.Message,
        Limits = route.Spec.Api ? ApiRoute.LimitsWith(route.Spec.Limits) : route.Spec.Limits,
        Https = route.Spec.Https,
        RedirectTo = route.Spec.RedirectTo?.TrimEnd('/'),
        StripPath = route.Spec.StripPath,
        Headers = route.Spec.Headers,
        SignIn = route.Spec.SignIn,
        Sticky = route.Spec.Sticky,
        Compress = route.Spec.Compress ?? !route.Spec.Api,
        AllowFrom = route.Spec.AllowFrom,
        Maintenance = route.Spec.Maintenance,
        Targets = route.Spec.Api ? [ApiRoute.Target]
            : [.. route.Status.Targets.Select(t => new TargetRecord(t.Release, t.Weight, t.StaticImage))],
    };

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The watch of {Plural} was interrupted and is resumed; the edge serves its last table meanwhile: {Code} {Reason}")]
    private static partial void LogBroken(ILogger logger, string plural, string code, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Instance {Instance} of {Org} gets no requests: {Address}:{Port} is not an address that its node gives to instances, "
            + "or another organization has it")]
    private static partial void LogAddressRefused(ILogger logger, string instance, string org, string address, int port);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Tunnel {Tunnel} of {Org} gets no requests: {Address}:{Port} is not an address that the server gives to tunnels")]
    private static partial void LogTunnelRefused(ILogger logger, string tunnel, string org, string address, int port);
}
