using Strata.Edge.Routing;

namespace Strata.Edge.Forwarding;

/// <summary>Answers that send a client elsewhere: 308, so that method and body stay.</summary>
internal static class Redirects
{
    public static void Send(Exchange x, string location)
    {
        x.IsOwnAnswer = true;
        x.Response.StatusCode = 308;
        x.Response.Headers.Location = location;
        x.Response.Headers.ContentLength = 0;
        x.Response.Headers["X-Request-Id"] = x.RequestId;
    }

    /// <summary>To the address that a route names, with the rest of the path and the query.</summary>
    public static void Follow(Exchange x, RouteEntry route)
    {
        var target = TargetOf(x);
        // The path as it was sent may be another spelling of the route's: then it is kept whole.
        var path = target.AsSpan(0, target.AsSpan().IndexOf('?') is >= 0 and var query ? query : target.Length);
        var rest = PathPrefix.Matches(route.Prefix, path) ? target[route.Prefix.Length..] : target;
        Send(x, route.RedirectTo + (rest.Length == 0 || rest[0] is '/' or '?' ? rest : "/" + rest));
    }

    /// <summary>Path and query as the client sent them.</summary>
    public static string TargetOf(Exchange x)
    {
        var target = x.Request.RawTarget;
        // An absolute target has the host a second time.
        if (!target.StartsWith('/')) target = x.Request.Path + x.Request.QueryString;
        return RequestGuard.IsVisibleAscii(target) ? target : "/";
    }
}
