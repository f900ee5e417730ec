using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;

namespace Strata.Api.Http;

/// <summary>Fills the framework's span of a request with what Strata knows about it.</summary>
internal readonly struct RequestTrace
{
    private readonly HttpContext http;
    private readonly Activity span;

    private RequestTrace(HttpContext http, Activity span) => (this.http, this.span) = (http, span);

    /// <summary>
    /// Null where this process does not sample the trace. <see cref="Activity.Recorded"/> alone does not show that: it may be the client's
    /// flag, which the framework copies even where nothing listens to its spans.
    /// </summary>
    public static RequestTrace? Of(HttpContext http) =>
        Activity.Current is { Recorded: true, IsAllDataRequested: true } span && span.Source.HasListeners()
            ? new RequestTrace(http, span)
            : null;

    public async Task RunAsync(RequestDelegate next)
    {
        var route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        span.DisplayName = route is null ? http.Request.Method : $"{http.Request.Method} {route}";
        span.SetTag("http.request.method", http.Request.Method).SetTag("http.route", route)
            .SetTag("strata.request_id", http.TraceIdentifier);
        if (http.Features.Get<Principal>() is { } principal) span.SetTag("strata.tenant", principal.Tenant.ToString());
        try
        {
            await next(http);
        }
        finally
        {
            span.SetTag("http.response.status_code", http.Response.StatusCode);
        }
    }
}
