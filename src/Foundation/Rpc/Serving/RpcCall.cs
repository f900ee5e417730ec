using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Strata.Rpc.Protocols;

namespace Strata.Rpc.Serving;

/// <summary>A call as its handler sees it: the caller, the deadline, the metadata. Lives as long as the call.</summary>
internal sealed class RpcCall : ServerCallContext, IAsyncDisposable
{
    private readonly CancellationTokenSource? late;
    private readonly CancellationToken stopping;
    private readonly IWire wire;
    private readonly string method;
    private Metadata? requestHeaders;
    private Metadata? trailers;
    private CancellationTokenSource? over;
    private Dictionary<object, object>? userState;

    public RpcCall(HttpContext http, IWire wire, string method, RpcLimits limits, TimeProvider time, CancellationToken stopping)
    {
        (Http, this.wire, this.method, this.stopping) = (http, wire, method, stopping);
        if (wire.Timeout is { } timeout)
        {
            if (timeout > limits.DeadlineMax) timeout = limits.DeadlineMax;
            Deadline = (time.GetUtcNow() + timeout).UtcDateTime;
            late = new CancellationTokenSource(timeout, time);
        }
    }

    public HttpContext Http { get; }

    /// <summary>The deadline has passed.</summary>
    public bool IsLate => late?.IsCancellationRequested == true;

    /// <summary>The trailers that the handler sends.</summary>
    public Metadata Trailers => trailers ??= [];

    /// <summary>As <see cref="Trailers"/>, to be read only.</summary>
    public Metadata LastWords => trailers ?? Metadata.Empty;

    protected override string MethodCore => method;
    protected override string HostCore => Http.Request.Host.Value ?? "";
    protected override string PeerCore =>
        string.Create(CultureInfo.InvariantCulture, $"{Http.Connection.RemoteIpAddress}:{Http.Connection.RemotePort}");
    protected override DateTime DeadlineCore => Deadline;
    protected override Metadata RequestHeadersCore => requestHeaders ??= RpcHeaders.Read(Http.Request.Headers);
    protected override CancellationToken CancellationTokenCore => Over.Token;
    protected override Metadata ResponseTrailersCore => Trailers;
    protected override Status StatusCore { get; set; }
    protected override WriteOptions? WriteOptionsCore { get; set; }
    protected override AuthContext AuthContextCore => throw new NotSupportedException("Read the caller from the HTTP context.");
    protected override IDictionary<object, object> UserStateCore => userState ??= [];

    /// <summary>Created on first use: a call that never waits needs none.</summary>
    private CancellationTokenSource Over =>
        LazyInitializer.EnsureInitialized(ref over,
            () => CancellationTokenSource.CreateLinkedTokenSource(Http.RequestAborted, stopping, late?.Token ?? CancellationToken.None));

    private new DateTime Deadline { get; } = DateTime.MaxValue;

    public ValueTask DisposeAsync()
    {
        over?.Dispose();
        late?.Dispose();
        return default;
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => wire.SendHeadAsync(responseHeaders).AsTask();

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Calls do not propagate their context.");
}

public static class RpcCallExtensions
{
    /// <summary>The request behind a call, with its principal.</summary>
    public static HttpContext GetHttpContext(this ServerCallContext call) =>
        call is RpcCall own ? own.Http : throw new InvalidOperationException("This call is not served by Strata.");
}
