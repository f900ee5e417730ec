using System.Net;
using Strata.Contracts;
using Strata.Edge.Metrics;
using Strata.Edge.Tls;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Routing;

/// <summary>
/// Makes tables out of snapshots, and carries over what outlives a table: the instances' connections and health. One snapshot at a time.
/// </summary>
/// <param name="hasHttps">Whether the edge listens for TLS, so that there is something to send requests to.</param>
internal sealed class TableBuilder(UpstreamLimits limits, CoarseClock clock, IDialer dialer, bool hasHttps = false) : IDisposable
{
    private readonly Lock gate = new();
    private readonly DeploymentSeriesBook series = new();
    private Dictionary<InstanceRecord, InstanceState> instances = [];
    private List<UpstreamPool> retired = [];
    private (IReadOnlyList<CertificateRecord> Of, CertificateIndex Index) indexed = ([], new([]));
    private long version;

    /// <summary>All instances of the present table.</summary>
    public IReadOnlyCollection<InstanceState> Instances => Volatile.Read(ref instances).Values;

    public EdgeTable Build(TableSnapshot snapshot)
    {
        lock (gate)
        {
            RenewInstances(snapshot);
            var byRelease = instances.Values.GroupBy(i => (i.Record.Org, i.Record.Release)).ToDictionary(g => g.Key, g => g.ToArray());
            var starting = snapshot.Starting.ToHashSet();
            if (!ReferenceEquals(snapshot.Certificates, indexed.Of)) indexed = (snapshot.Certificates, new(snapshot.Certificates));
            var certificates = indexed.Index;
            return new EdgeTable(
                HostOwners.Keep(snapshot.Routes).Select(r => ToEntry(r, byRelease, starting, certificates)), ++version, certificates,
                snapshot.AcmeThumbprint);
        }
    }

    /// <summary>Looks after deadlines and idle connections, those of instances that have left included.</summary>
    public void Sweep()
    {
        foreach (var instance in Instances) instance.Pool.Sweep();
        if (retired.Count == 0) return;
        lock (gate) retired = [.. retired.Where(p => p.Count.Open > 0)];
        foreach (var pool in retired) pool.Sweep();
    }

    /// <summary>Ends WebSockets and event streams: the edge stops, and they would last for ever.</summary>
    public void EndStreams()
    {
        foreach (var instance in Instances) instance.Pool.EndStreams();
        foreach (var pool in retired) pool.EndStreams();
    }

    public void Dispose()
    {
        foreach (var instance in Instances) instance.Pool.Retire();
    }

    private RouteEntry ToEntry(
        RouteRecord route, Dictionary<(string Org, string Release), InstanceState[]> byRelease, HashSet<StartingRelease> starting,
        CertificateIndex certificates) =>
        new(
            route, route.Targets.Select(t => new RouteTarget(t, route.Org, byRelease.GetValueOrDefault((route.Org, t.Release), []))
            {
                IsStarting = starting.Contains(new StartingRelease(route.Org, t.Release)),
            }),
            series.Of(route.Org, route.DeploymentName), limits.For(route.Limits))
        {
            RedirectsToHttps = hasHttps
                && certificates.Find(route.Org, route.Project, route.Host, ApiRoute.Is(route)) is { IsUsable: true } certificate
                && (route.Https?.Redirect ?? (certificate.IsPublic || (route.SignIn && !LocalNames.Contain(route.Host)))),
        };

    private void RenewInstances(TableSnapshot snapshot)
    {
        var renewed = new Dictionary<InstanceRecord, InstanceState>();
        foreach (var record in snapshot.Instances)
        {
            if (!IPAddress.TryParse(record.Address, out var address) || record.Port is < 1 or > 65535) continue;
            renewed[record] = instances.GetValueOrDefault(record) ?? Create(record, new IPEndPoint(address, record.Port));
        }
        foreach (var (record, state) in instances)
        {
            if (renewed.ContainsKey(record)) continue;
            state.Pool.Retire();
            retired = [.. retired, state.Pool]; // its last requests still have deadlines
        }
        Volatile.Write(ref instances, renewed);
    }

    private InstanceState Create(InstanceRecord record, IPEndPoint endPoint) =>
        new(record, new UpstreamPool(endPoint, limits, clock, dialer), new InstanceHealth(limits, clock));
}
