using System.Net;
using Strata.Contracts;

namespace Strata.Edge.Routing;

/// <summary>
/// A host that leads to the cloud's own API: to the edge a route with one instance, which is where the edge itself reaches the control
/// plane.
/// </summary>
internal static class ApiRoute
{
    /// <summary>No release has such an id.</summary>
    private const string Release = "api";

    public static readonly TargetRecord Target = new(Release, 1);

    /// <summary>Imports and searches take longer than a page does, and watches are silent for as long as nothing changes.</summary>
    public static RouteLimits LimitsWith(RouteLimits? set) => (set ?? new RouteLimits()) with
    {
        FirstByteSeconds = set?.FirstByteSeconds ?? 600, IdleSeconds = set?.IdleSeconds ?? 3600,
    };

    public static bool Is(RouteRecord route) => route.Targets is [var target] && target == Target;

    /// <returns>Null where the address is not an IP address: the edge looks no names up.</returns>
    public static InstanceRecord? InstanceAt(Uri? api, string org) =>
        api is not null && IPAddress.TryParse(api.Host.Trim('[', ']'), out var address)
            ? new InstanceRecord(Release, org, Release, address.ToString(), api.Port) : null;
}
