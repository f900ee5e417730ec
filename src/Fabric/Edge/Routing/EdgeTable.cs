using System.Collections.Frozen;
using Strata.Edge.Tls;

namespace Strata.Edge.Routing;

/// <summary>
/// Which deployment serves which host and path: an immutable picture of one moment, replaced as a whole when something changes, so a
/// request sees one table from its start to its end. Safe for concurrent use.
/// </summary>
internal sealed class EdgeTable
{
    public static readonly EdgeTable Empty = new([], 0);

    private readonly FrozenDictionary<string, HostRoutes> hosts;
    private readonly FrozenDictionary<string, HostRoutes>.AlternateLookup<ReadOnlySpan<char>> lookup;

    /// <param name="certificates">Null: there are none.</param>
    /// <param name="acmeThumbprint">See <see cref="TableSnapshot.AcmeThumbprint"/>.</param>
    public EdgeTable(
        IEnumerable<RouteEntry> routes, long version, CertificateIndex? certificates = null, string? acmeThumbprint = null)
    {
        Version = version;
        Routes = [.. routes];
        hosts = Routes.GroupBy(r => r.Host, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(g => g.Key, g => new HostRoutes(g, certificates, acmeThumbprint), StringComparer.OrdinalIgnoreCase);
        lookup = hosts.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Counts up with each table.</summary>
    public long Version { get; }
    public IReadOnlyList<RouteEntry> Routes { get; }

    /// <summary>
    /// The routes of a host as written in a request: in any letter case, perhaps with a port or a final dot. Null for a host that is not
    /// ours.
    /// </summary>
    public HostRoutes? FindHost(ReadOnlySpan<char> host) => lookup.TryGetValue(HostName.Of(host), out var routes) ? routes : null;
}

/// <summary>The routes of one host, longest path first.</summary>
internal sealed class HostRoutes
{
    private readonly RouteEntry[] routes;

    public HostRoutes(IEnumerable<RouteEntry> routes, CertificateIndex? certificates = null, string? acmeThumbprint = null)
    {
        this.routes = [.. routes.OrderByDescending(r => r.Prefix.Length).ThenBy(r => r.Id, StringComparer.Ordinal)];
        var owner = this.routes[0].Record;
        IsApi = this.routes.Any(r => ApiRoute.Is(r.Record));
        Certificate = certificates?.Find(owner.Org, owner.Project, owner.Host, IsApi);
        AcmeThumbprint = certificates?.IsMade(owner.Org, owner.Project, owner.Host) == true ? acmeThumbprint : null;
        Org = owner.Org;
        WantsSignIn = this.routes.Any(r => r.Record.SignIn);
    }

    /// <summary>Of the project that has the host.</summary>
    public string Org { get; }

    public IReadOnlyList<RouteEntry> All => routes;

    /// <summary>Whether it leads to the cloud's own API.</summary>
    public bool IsApi { get; }

    /// <summary>Whether one of its routes is for people who are signed in.</summary>
    public bool WantsSignIn { get; }

    /// <summary>Of the project that has the host; null: it has none yet.</summary>
    public CertificateRecord? Certificate { get; }

    /// <summary>With what questions of ACME authorities about the host are answered; null: they are not the edge's business.</summary>
    public string? AcmeThumbprint { get; }

    /// <summary>The route with the longest prefix of whole segments; null if no route matches.</summary>
    /// <param name="path">Decoded and without dot segments, as the instance will see it.</param>
    public RouteEntry? Match(ReadOnlySpan<char> path)
    {
        foreach (var route in routes)
        {
            if (PathPrefix.Matches(route.Prefix, path)) return route;
        }
        return null;
    }
}

/// <summary>Reads the host out of a Host header.</summary>
internal static class HostName
{
    /// <summary>Without port and final dot: <c>a.example:8000</c> is <c>a.example</c>, <c>[::1]:80</c> is <c>[::1]</c>.</summary>
    public static ReadOnlySpan<char> Of(ReadOnlySpan<char> header)
    {
        var colon = header.LastIndexOf(':');
        if (colon >= 0 && header.LastIndexOf(']') < colon) header = header[..colon];
        return header is [.., '.'] ? header[..^1] : header;
    }
}

/// <summary>Prefixes of paths by whole segments.</summary>
internal static class PathPrefix
{
    /// <summary>Without the slash at its end, so <c>/</c> is empty and <c>/docs/</c> is <c>/docs</c>.</summary>
    public static string Normalize(string path) => path.TrimEnd('/');

    public static bool Matches(string normalized, ReadOnlySpan<char> path) =>
        normalized.Length == 0
        || (path.StartsWith(normalized, StringComparison.Ordinal) && (path.Length == normalized.Length || path[normalized.Length] == '/'));
}
