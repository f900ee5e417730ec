using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Strata.Edge.Compression;
using Strata.Edge.Routing;
using Strata.Edge.Tls;
using Strata.Edge.Tracing;
using Strata.Edge.Upstreams;
using Strata.Edge.Visits;

namespace Strata.Edge.Forwarding;

/// <summary>
/// One request on its way through the edge. Kestrel keeps the object with the connection (HTTP/1) or the stream (HTTP/2) and hands it back
/// for the next request, so what rarely changes there, the client's address and the host, is remembered in its worked-out form.
/// </summary>
internal sealed class Exchange
{
    private string? lastHost;
    private EdgeTable? lastTable;
    private HostRoutes? lastRoutes;
    private string? lastCoveredHost;
    private string? lastAcceptEncoding;
    private ContentCoding lastCoding;
    private string? lastType;
    private bool lastIsCompressible;
    private string? requestId;

    public IFeatureCollection Features { get; private set; } = null!;
    public IHttpRequestFeature Request { get; private set; } = null!;
    public IHttpResponseFeature Response { get; private set; } = null!;
    public IHttpResponseBodyFeature ResponseBody { get; private set; } = null!;
    public IHttpRequestLifetimeFeature Lifetime { get; private set; } = null!;
    public IHttpConnectionFeature Connection { get; private set; } = null!;
    private IRequestBodyPipeFeature body = null!;
    private IHttpRequestBodyDetectionFeature bodyDetection = null!;

    public RequestHead Head { get; } = new();
    public AnswerHead Answer { get; } = new();
    public ForwardedLines Forwarded { get; } = new();

    /// <summary>Of the client's connection; null: it is not encrypted.</summary>
    public TlsSession? Tls { get; private set; }

    /// <summary>Timestamp of its start; 0: nothing measures it.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Null: its trace is not sampled.</summary>
    public Activity? Span { get; private set; }

    /// <summary>Null: no route has been found.</summary>
    public RouteEntry? Route { get; set; }

    /// <summary>The edge's own error that was answered, or that cut the answer off; null when the deployment answered.</summary>
    public string? FaultCode { get; set; }

    /// <summary>The client went away before the answer was complete.</summary>
    public bool ClientGone { get; set; }

    /// <summary>The edge answers itself, with neither an instance nor a site behind it.</summary>
    public bool IsOwnAnswer { get; set; }

    /// <summary>Status and headers of the instance's answer are set: nothing else can be answered now.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>The body is still to be sent after the head. False: no body, or the head carries it.</summary>
    public bool StreamsBody { get; set; }

    /// <summary>The protocol of an Upgrade; null for an ordinary request.</summary>
    public string? UpgradeTo { get; set; }

    /// <summary>An instance may have seen the request: no other gets it.</summary>
    public bool IsSent { get; set; }

    /// <summary>Timestamp of when it first had to wait for an instance; null: it did not.</summary>
    public long? HeldSince { get; set; }

    /// <summary>Interim answers (1xx) so far, and their bytes.</summary>
    public (int Count, int Bytes) Interim { get; set; }

    /// <summary>How the answer was encoded whose tag the client names in a condition; none: it names no such tag.</summary>
    public ContentCoding TagCoding { get; set; }

    /// <summary>Who visits, where the route wants to know; else null.</summary>
    public Visitor? Visitor { get; set; }

    /// <summary>The instance that the client is to come back to, where it is one that can serve.</summary>
    public InstanceState? Sticky { get; set; }

    /// <summary>What the body is written to where it is compressed; null: it is not.</summary>
    public BodyEncoder? Encoder { get; set; }

    /// <summary>Where the body is written to.</summary>
    public IBufferWriter<byte> BodyWriter => (IBufferWriter<byte>?)Encoder ?? ResponseBody.Writer;

    /// <summary>Of its route.</summary>
    public UpstreamLimits Limits => Route!.Limits;

    /// <summary>What went wrong with the client's side of an upload.</summary>
    public Exception? UploadFault { get; set; }

    public string RequestId => requestId ??= RequestIds.Next();
    public bool IsHttp1 => Request.Protocol is "HTTP/1.1" or "HTTP/1.0";
    public bool IsHead => Request.Method == "HEAD";
    public bool CanHaveBody => bodyDetection.CanHaveBody;
    public PipeReader BodyReader => body.Reader;

    public void Begin(IFeatureCollection features, long timestamp)
    {
        if (!ReferenceEquals(features, Features)) Attach(features);
        Head.Release(); // nothing of a request that failed may stand before this one
        StartedAt = timestamp;
        Route = null;
        FaultCode = null;
        requestId = null;
        UpgradeTo = null;
        UploadFault = null;
        Sticky = null;
        Visitor = null;
        TagCoding = ContentCoding.None;
        IsOwnAnswer = false;
        ClientGone = IsAnswered = StreamsBody = IsSent = false;
        Interim = default;
        HeldSince = null;
        Span = EdgeTrace.Start(this);
    }

    /// <summary>The routes of the request's host in this table; null when it is not ours.</summary>
    public HostRoutes? FindRoutes(EdgeTable table)
    {
        var host = Request.Headers.Host.ToString();
        if (ReferenceEquals(host, lastHost) && ReferenceEquals(table, lastTable)) return lastRoutes;
        (lastHost, lastTable) = (host, table);
        return lastRoutes = table.FindHost(host);
    }

    /// <summary>
    /// Whether the connection was opened for the request's host: over one that was encrypted for another, a client could reach what its
    /// certificate does not vouch for.
    /// </summary>
    public bool IsForItsHost()
    {
        if (Tls is null) return true;
        var host = Request.Headers.Host.ToString();
        if (ReferenceEquals(host, lastCoveredHost)) return true;
        if (!Tls.IsFor(HostName.Of(host))) return false;
        lastCoveredHost = host;
        return true;
    }

    /// <summary>The best coding that the client takes.</summary>
    public ContentCoding AcceptedCoding()
    {
        var accepted = Request.Headers.AcceptEncoding;
        if (accepted.Count != 1) return ContentCodings.Best(accepted);
        var text = accepted.ToString();
        if (ReferenceEquals(text, lastAcceptEncoding)) return lastCoding;
        lastAcceptEncoding = text;
        return lastCoding = ContentCodings.Best(accepted);
    }

    /// <summary>Whether what the instance says that it sends compresses well; streams of events are passed on as they are.</summary>
    public bool IsCompressible(string? contentType)
    {
        if (contentType is null) return false;
        if (ReferenceEquals(contentType, lastType)) return lastIsCompressible;
        lastType = contentType;
        return lastIsCompressible = CompressibleTypes.Contain(contentType)
            && !contentType.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Cuts the client's connection (HTTP/1) or stream (HTTP/2): the only way to say that an answer is not complete.</summary>
    public void Abort() => Lifetime.Abort();

    private void Attach(IFeatureCollection features)
    {
        Features = features;
        Request = features.GetRequiredFeature<IHttpRequestFeature>();
        Response = features.GetRequiredFeature<IHttpResponseFeature>();
        ResponseBody = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        Lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        Connection = features.GetRequiredFeature<IHttpConnectionFeature>();
        Tls = features.Get<TlsSession>();
        body = features.GetRequiredFeature<IRequestBodyPipeFeature>();
        bodyDetection = features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>();
    }
}

/// <summary>Makes ids of requests: unique, and in order within one edge.</summary>
internal static class RequestIds
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private static readonly string Prefix = Random.Shared.GetString(Alphabet, 8);
    private static long counter;

    public static string Next() => string.Create(20, Interlocked.Increment(ref counter), static (text, number) =>
    {
        Prefix.CopyTo(text);
        for (var i = text.Length - 1; i >= Prefix.Length; i--, number >>= 5) text[i] = Alphabet[(int)(number & 31)];
    });
}
