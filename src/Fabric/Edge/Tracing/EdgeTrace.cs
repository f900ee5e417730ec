using System.Diagnostics;
using Strata.Edge.Forwarding;

namespace Strata.Edge.Tracing;

/// <summary>
/// Spans of the edge's requests, in the activity source <c>Strata.Edge</c>. A client's W3C trace context is continued, and whether the
/// trace is sampled is decided here and not by the client. The instance gets the context of the edge's span; without a span it gets what
/// the client sent.
/// </summary>
internal static class EdgeTrace
{
    public const string ParentHeader = "traceparent";

    private static readonly ActivitySource Source = new("Strata.Edge");

    /// <summary>Null while no trace is sampled, which costs a comparison.</summary>
    public static Activity? Start(Exchange x)
    {
        if (!Source.HasListeners()) return null;
        var headers = x.Request.Headers;
        var parent = headers.TraceParent is [{ } text]
            && ActivityContext.TryParse(text, headers.TraceState, isRemote: true, out var context) ? context : default;
        var caller = Activity.Current;
        var span = Source.StartActivity("edge.request", ActivityKind.Server, parent);
        Activity.Current = caller; // the connection's loop continues with other requests
        if (span is null) return null;
        if (span.Recorded) return span.SetTag("http.request.method", x.Request.Method).SetTag("url.path", x.Request.Path);
        span.Dispose(); // only a new trace id, which is not needed
        return null;
    }

    public static void End(Exchange x)
    {
        if (x.Span is not { } span) return;
        span.SetTag("http.response.status_code", x.Response.StatusCode).SetTag("strata.request_id", x.RequestId);
        if (x.Route is { } route) span.SetTag("server.address", route.Host).SetTag("strata.tenant", route.Record.Org)
            .SetTag("strata.deployment", route.Record.DeploymentName);
        if (x.FaultCode is { } fault) span.SetTag("error.type", fault).SetStatus(ActivityStatusCode.Error);
        var caller = Activity.Current;
        span.Stop();
        Activity.Current = caller;
    }

    /// <summary>Whether the instance gets the edge's own value instead of the client's.</summary>
    public static bool Replaces(Exchange x, string name) =>
        x.Span is not null && name.Equals(ParentHeader, StringComparison.OrdinalIgnoreCase);
}
