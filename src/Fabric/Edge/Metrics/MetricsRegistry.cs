using System.Collections.Concurrent;
using Strata.Edge.Routing;

namespace Strata.Edge.Metrics;

/// <summary>The metrics of all routes; those of a route that is gone go with it. Thread-safe.</summary>
internal sealed class MetricsRegistry
{
    private readonly ConcurrentDictionary<string, RouteMetrics> byRoute = new(StringComparer.Ordinal);

    /// <summary>Requests that no route was found for.</summary>
    public RouteMetrics Unrouted { get; } = new();

    public RouteMetrics Of(RouteRecord route) => byRoute.GetOrAdd(route.Id, _ => new RouteMetrics());

    /// <summary>Forgets all other routes.</summary>
    public void Keep(IEnumerable<RouteRecord> routes)
    {
        var kept = routes.Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var id in byRoute.Keys)
        {
            if (!kept.Contains(id)) byRoute.TryRemove(id, out _);
        }
    }
}
