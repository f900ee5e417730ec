using Microsoft.AspNetCore.Http;

namespace Strata.Api.Http;

/// <summary>
/// HEAD of the open pages: load balancers, link checkers and curl -I ask for it. It is answered as GET is; the server leaves the body out.
/// Resources and streams have GET only.
/// </summary>
internal static class HeadOfPages
{
    private static readonly PathString[] Pages = ["/docs", "/openapi.json", "/healthz", "/readyz"];

    public static Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var request = http.Request;
        if (!HttpMethods.IsHead(request.Method) || !IsPage(request.Path)) return next(http);
        request.Method = HttpMethods.Get;
        // The method as it was sent, before anything decides by it whether a body follows.
        http.Response.OnStarting(static state =>
        {
            ((HttpRequest)state).Method = HttpMethods.Head;
            return Task.CompletedTask;
        }, request);
        return next(http);
    }

    private static bool IsPage(PathString path) => path == "/" || Pages.Any(page => path.StartsWithSegments(page));
}
