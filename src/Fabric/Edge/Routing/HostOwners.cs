namespace Strata.Edge.Routing;

/// <summary>
/// A host belongs to one project of one organization: the one whose route for it is the oldest. The control plane refuses a second claim;
/// this holds even if it did not.
/// </summary>
internal static class HostOwners
{
    /// <summary>The routes without those that name another project's host.</summary>
    public static IEnumerable<RouteRecord> Keep(IEnumerable<RouteRecord> routes) =>
        routes.GroupBy(r => r.Host, StringComparer.OrdinalIgnoreCase).SelectMany(OfOwner);

    private static IEnumerable<RouteRecord> OfOwner(IEnumerable<RouteRecord> sameHost)
    {
        var owner = sameHost.OrderBy(r => r.CreatedAt).ThenBy(r => r.Id, StringComparer.Ordinal).First();
        var routes = sameHost.Where(r => r.Org == owner.Org && r.Project == owner.Project).ToList();
        // Under the API's host nothing else is served, whatever its path: callers send their tokens there.
        return routes.Find(ApiRoute.Is) is { } api ? [api] : routes;
    }
}
