using System.Collections.Frozen;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Strata.Edge.Forwarding;
using Strata.Edge.Metrics;
using Strata.Edge.Pages;
using Strata.Edge.Routing;
using Strata.Edge.Sites;
using Strata.Edge.Tls;
using Strata.Edge.Tracing;
using Strata.Edge.Visits;
using VisitPaths = Strata.Contracts.VisitPaths;

namespace Strata.Edge;

/// <summary>
/// What happens to a request, in order: refuse what is ambiguous, find the route, send to HTTPS what belongs there, let in who may, choose
/// a target or wait for one that is starting, serve its files or forward, count. It runs directly on Kestrel: no middleware, no dependency
/// injection per request.
/// </summary>
internal sealed partial class EdgeApplication(
    EdgeOptions options, Forwarder forwarder, GrpcForwarder grpc, SiteServer sites, RequestHold hold, VisitGate visits, EdgeMetrics metrics,
    ILogger logger)
    : IHttpApplication<Exchange>
{
    private static readonly FrozenSet<string> OfCaches =
        new[] { "Cache-Control", "Expires", "Pragma", "Age", "Vary" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private EdgeTable table = EdgeTable.Empty;

    /// <summary>Null: the edge does not listen for TLS.</summary>
    public HttpsRedirect? Https { get; set; }

    /// <summary>Requests that begin from now on see this table.</summary>
    public EdgeTable Table
    {
        get => Volatile.Read(ref table);
        set
        {
            Volatile.Write(ref table, value);
            hold.TableChanged();
        }
    }

    public Exchange CreateContext(IFeatureCollection contextFeatures)
    {
        var exchange = contextFeatures is IHostContextContainer<Exchange> container
            ? container.HostContext ??= new Exchange() : new Exchange();
        exchange.Begin(contextFeatures, metrics.Now());
        return exchange;
    }

    public Task ProcessRequestAsync(Exchange context)
    {
        if (RequestGuard.Check(context) is { } refused) return RefuseAsync(context, refused);
        if (context.FindRoutes(Table) is not { } routes) return RefuseAsync(context, EdgeFault.UnknownHost);
        if (routes.AcmeThumbprint is { } thumbprint && HttpsRedirect.TryAnswerAcme(context, thumbprint, out var sending))
            return sending.AsTask();
        if (context.Tls is { } tls && routes.IsApi && !tls.IsForApi) return RefuseAsync(context, EdgeFault.WrongHost);
        // Never an application's: a browser comes there with what only the edge may read.
        if (context.Request.Path == VisitPaths.Callback)
            return routes.WantsSignIn && context.Request.Method == "GET" ? visits.ReturnAsync(context, routes)
                : RefuseAsync(context, EdgeFault.UnknownPath);
        if ((context.Route = routes.Match(context.Request.Path)) is not { } route) return RefuseAsync(context, EdgeFault.UnknownPath);
        if (context.Tls is not null && route.Hsts is { } hsts) context.Response.Headers.StrictTransportSecurity = hsts;
        if (route.Headers is { } headers) SetOnStart(context, headers);
        if (route.Record.AllowFrom is not null && !route.Allows(context.Forwarded.ClientOf(context, options.TrustedProxies)))
            return RefuseAsync(context, EdgeFault.AddressNotAllowed);
        if (route.Maintenance is { } maintenance) return RefuseAsync(context, maintenance);
        if (route.RedirectTo is not null)
        {
            Redirects.Follow(context, route);
            return Task.CompletedTask;
        }
        if (context.Tls is null && route.RedirectsToHttps && Https is { } https && HttpsRedirect.IsFor(context, route)
            && !context.Forwarded.IsHttps(context, options.TrustedProxies))
        {
            https.Redirect(context);
            return Task.CompletedTask;
        }
        return route.Record.SignIn && !visits.Admits(context, route) ? AdmitAsync(context, route) : ServeAsync(context, route);
    }

    private async Task AdmitAsync(Exchange x, RouteEntry route)
    {
        if (await visits.AdmitAsync(x, route)) await ServeAsync(x, route);
    }

    private Task ServeAsync(Exchange context, RouteEntry route)
    {
        if (route.BodyBytesMax is { } bodyMax) LimitBody(context, bodyMax);
        if (route.Record.Sticky && StickyCookie.Find(context, route) is { } found)
        {
            context.Sticky = found.Instance;
            return ServeAsync(context, found.Target);
        }
        if (route.Choose() is { } target) return ServeAsync(context, target);
        return route.IsStarting ? HoldAsync(context) : RefuseAsync(context, EdgeFault.NoInstance);
    }

    private Task ServeAsync(Exchange context, RouteTarget target)
    {
        if (target.StaticImage is not null) return sites.ServeAsync(context, target);
        return GrpcForwarder.IsGrpc(context) ? grpc.ForwardAsync(context, target) : forwarder.ForwardAsync(context, target);
    }

    public void DisposeContext(Exchange context, Exception? exception)
    {
        var series = context.Route?.Series ?? DeploymentSeries.None;
        if (exception is not null and not BadHttpRequestException) LogFailed(logger, context.RequestId, exception);
        if (context.FaultCode is { } fault) metrics.CountError(series, fault);
        EdgeTrace.End(context);
        metrics.Count(series, context.Response.StatusCode, context.ClientGone, context.StartedAt);
    }

    private async Task HoldAsync(Exchange x)
    {
        if (await hold.NextTargetAsync(x, isUnreachable: false) is { } target) await ServeAsync(x, target);
        else if (x.Lifetime.RequestAborted.IsCancellationRequested) await ClientFault.Leave(x);
        else await RefuseAsync(x, EdgeFault.NoInstance);
    }

    /// <summary>At the last moment, so that they take the place of what the application says.</summary>
    private static void SetOnStart(Exchange x, KeyValuePair<string, StringValues>[] headers) => x.Response.OnStarting(static state =>
    {
        var (x, headers) = ((Exchange, KeyValuePair<string, StringValues>[]))state;
        var answer = x.Response.Headers;
        foreach (var (name, value) in headers)
        {
            // What the edge says itself is for no cache: a kept way to the sign-in would be a circle.
            if (x.IsOwnAnswer && OfCaches.Contains(name)) continue;
            answer[name] = value;
        }
        if (answer.ContentEncoding.Count > 0 && x.Route?.Record.Compress == true) AnswerCompression.AddVary(answer);
        return Task.CompletedTask;
    }, (x, headers));

    private static void LimitBody(Exchange x, long max)
    {
        if (x.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body) body.MaxRequestBodySize = max;
    }

    private static Task RefuseAsync(Exchange x, EdgeFault fault) => ErrorPages.WriteAsync(x, fault).AsTask();

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed inside the edge")]
    private static partial void LogFailed(ILogger logger, string requestId, Exception exception);
}
