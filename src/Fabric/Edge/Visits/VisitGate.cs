using Microsoft.AspNetCore.WebUtilities;
using Strata.Contracts;
using Strata.Core;
using Strata.Edge.Forwarding;
using Strata.Edge.Pages;
using Strata.Edge.Routing;

namespace Strata.Edge.Visits;

/// <summary>
/// Has visitors sign in at the cloud where a route wants it. A browser is sent there and comes back with a code (at
/// <see cref="VisitPaths.Callback"/>), which the edge exchanges for a visit that the browser keeps in a cookie. Others get 401. Without an
/// answer of the control plane no one comes in who was not in before. Safe for concurrent use.
/// </summary>
internal sealed class VisitGate(VisitBook book, EdgeOptions options, TimeProvider time)
{
    private const int AddressMax = 4000;

    /// <summary>
    /// It is escaped again on the way through the sign-in page, and addresses are bounded. Of a longer one the host alone is kept.
    /// </summary>
    private const int BackMax = 2000;

    /// <summary>Whether this is a visitor who is known; costs no wait.</summary>
    public bool Admits(Exchange x, RouteEntry route) =>
        VisitCookies.VisitOf(x, route, IsSecure(x)) is { } visit && (x.Visitor = book.FindKnown(visit, ResourceOf(route))) is not null;

    /// <returns>False: they are not let in, and have been answered.</returns>
    public async ValueTask<bool> AdmitAsync(Exchange x, RouteEntry route)
    {
        var answer = await book.AskAsync(VisitCookies.VisitOf(x, route, IsSecure(x)), ResourceOf(route));
        if ((x.Visitor = answer?.Visitor) is not null) return true;
        if (answer is null || book.SignInAt is not { } page) await ErrorPages.WriteAsync(x, EdgeFault.SignInUnavailable);
        else if (!IsNavigation(x)) await ErrorPages.WriteAsync(x, EdgeFault.SignInNeeded);
        else AskToSignIn(x, route, page);
        return false;
    }

    /// <summary>The visitor comes back from the cloud's page.</summary>
    public async Task ReturnAsync(Exchange x, HostRoutes routes)
    {
        var query = QueryHelpers.ParseQuery(x.Request.QueryString);
        x.Response.Headers["Referrer-Policy"] = "no-referrer"; // the address has the code
        if (VisitCookies.StateOf(x, IsSecure(x)) is not { } state
            || query.GetValueOrDefault("code") is not [{ Length: <= AddressMax } code])
        {
            await ErrorPages.WriteAsync(x, EdgeFault.SignInBroken);
            return;
        }
        if (!(await book.BeginAsync(code, state)).TryGet(out var visit, out var error))
        {
            await ErrorPages.WriteAsync(x, error.Kind == ErrorKind.Invalid ? EdgeFault.SignInBroken : EdgeFault.SignInUnavailable);
            return;
        }
        if (routes.All.FirstOrDefault(r => ResourceOf(r) == visit.Resource) is not { } route)
        {
            await ErrorPages.WriteAsync(x, EdgeFault.SignInBroken);
            return;
        }
        VisitCookies.SetVisit(x, route, visit.Text, visit.ExpiresAt - time.GetUtcNow(), IsSecure(x));
        SeeOther(x, PathOf(query.GetValueOrDefault("to")));
    }

    private void AskToSignIn(Exchange x, RouteEntry route, string page)
    {
        var isSecure = IsSecure(x);
        // Kept, so that two tabs can sign in at the same time.
        var state = VisitCookies.StateOf(x, isSecure) ?? VisitCookies.NewState();
        VisitCookies.SetState(x, state, isSecure);
        var origin = $"{(isSecure ? "https" : "http")}://{route.Host}{PortOf(x.Request.Headers.Host.ToString())}";
        var back = Uri.EscapeDataString(origin + Redirects.TargetOf(x));
        if (back.Length > BackMax) back = Uri.EscapeDataString(origin + "/");
        SeeOther(x, $"{page}?resource={Uri.EscapeDataString(ResourceOf(route))}&back={back}&state={VisitCookies.HashOf(state)}");
    }

    /// <summary>As the control plane knows it.</summary>
    private static string ResourceOf(RouteEntry route) => $"{route.Record.Org}/{route.Id}";

    /// <summary>With its colon; empty: none.</summary>
    private static string PortOf(string host)
    {
        var colon = host.LastIndexOf(':');
        return colon >= 0 && host.LastIndexOf(']') < colon ? host[colon..] : "";
    }

    /// <summary>Whether a browser asks for a page, which a person sees.</summary>
    private static bool IsNavigation(Exchange x)
    {
        var headers = x.Request.Headers;
        return x.Request.Method is "GET" or "HEAD" && headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            && headers["Sec-Fetch-Mode"].ToString() is "" or "navigate";
    }

    private bool IsSecure(Exchange x) => x.Tls is not null || x.Forwarded.IsHttps(x, options.TrustedProxies);

    /// <summary>A path of this host, whatever was sent.</summary>
    private static string PathOf(string? sent) => sent is { Length: <= AddressMax } and ['/', ..] && sent is not ['/', '/' or '\\', ..]
        && RequestGuard.IsVisibleAscii(sent) ? sent : "/";

    private static void SeeOther(Exchange x, string location)
    {
        x.IsOwnAnswer = true;
        x.Response.StatusCode = 303;
        x.Response.Headers.Location = location;
        x.Response.Headers.CacheControl = "no-store";
        x.Response.Headers.ContentLength = 0;
        x.Response.Headers["X-Request-Id"] = x.RequestId;
    }
}
