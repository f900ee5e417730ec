using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Resources.Servers;

namespace Strata.Api.Peers;

/// <summary>
/// Calls to other servers of this cloud, over HTTP/2 to their API's port, each with a token of <see cref="PeerTokens"/>. Bounded: requests
/// at once and the bytes of bodies (both shared fairly by organizations), the time of a connect, the time that a request waits for a
/// connection, and the time until a server that fell silent counts as gone (pings). One that could not be reached is not tried again for a
/// second, and all that wait for a connection to it are refused together, so that calls to a dead server fail at once. Users' requests that
/// are passed on have connections of their own: a user who reads slowly can at worst end one of those, and no call of another organization.
/// Safe for concurrent use.
/// </summary>
public sealed class PeerClient(ServerDirectory directory, PeerTokens tokens, TimeProvider time, ILogger<PeerClient> log)
    : IShareReport, IDisposable
{
    /// <summary>At once, to all other servers together; the servers' own streams are not counted.</summary>
    private const int RequestsMax = 4000;

    /// <summary>Of bodies that are held in memory, sent or received; one organization takes half of it at most.</summary>
    private const long BodyBytesMax = 128 << 20;

    private static readonly TimeSpan ConnectMax = TimeSpan.FromSeconds(2);

    /// <summary>
    /// From a call until it has a connection; longer than <see cref="ConnectMax"/>, as it may wait for one that has just begun.
    /// </summary>
    private static readonly TimeSpan WaitForConnectionMax = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(1);

    private readonly FairShare requests = new("requests to other servers", new ShareSize(RequestsMax));
    private readonly ByteBudget bodies = new("bodies to and from other servers", new ShareSize(BodyBytesMax));
    private readonly PeerRests rests = new(RestAfterFailure, time);
    private readonly PeerRefusals refusals = new(log, time);

    /// <summary>For the servers' own calls and streams.</summary>
    private readonly HttpMessageInvoker own = NewHttp();

    /// <summary>For users' requests, which are read as slowly as their users read.</summary>
    private readonly HttpMessageInvoker passing = NewHttp();

    public ServerDirectory Directory => directory;

    public IEnumerable<ShareUse> Shares => [requests.Use, bodies.Use];

    /// <summary>
    /// Sends a request; the answer's body is read as it comes. PEER_UNAVAILABLE where there is no answer, SHARE_EXHAUSTED at the bound.
    /// </summary>
    /// <param name="path">With its query, escaped.</param>
    /// <param name="principal">In whose name.</param>
    /// <param name="headers">Without an authorization. Several of one name are sent as several values.</param>
    /// <exception cref="OperationCanceledException">Cancelled by the caller.</exception>
    public Task<Result<PeerAnswer>> SendAsync(
        PeerServer peer, string method, string path, Principal principal, HttpContent? content,
        IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellationToken) =>
        SendAsync(own, peer, new PeerRequest(method, path, principal, content, headers), cancellationToken);

    /// <summary>Sends a user's request whose body and answer go through as they come.</summary>
    internal Task<Result<PeerAnswer>> PassOnAsync(PeerServer peer, PeerRequest request, CancellationToken cancellationToken) =>
        SendAsync(passing, peer, request, cancellationToken);

    /// <summary>
    /// A stream that continues there for as long as it is read here. Only for a caller that keeps asking whether the principal's token is
    /// valid and cancels when it is not: the other server has no token to ask about, and would end the stream otherwise.
    /// </summary>
    public Task<Result<PeerAnswer>> OpenCheckedStreamAsync(
        PeerServer peer, string path, Principal principal, CancellationToken cancellationToken) =>
        SendAsync(own, peer, new PeerRequest("GET", path, principal, null, []) { KeepsChecking = true }, cancellationToken);

    private async Task<Result<PeerAnswer>> SendAsync(
        HttpMessageInvoker http, PeerServer peer, PeerRequest asked, CancellationToken cancellationToken)
    {
        if (rests.IsResting(peer.ServerId)) return PeerErrors.Unreached;
        using var request = MessageOf(peer, asked); // before a place is taken: what throws here holds none
        using var dispatch = new PeerDispatch(request, WaitForConnectionMax, time, rests.NextRest(peer.ServerId), cancellationToken);
        if (!TryTake(asked.Principal).TryGet(out var place, out var error)) return error;
        try
        {
            var response = await http.SendAsync(request, dispatch.Token);
            rests.Answered(peer.ServerId);
            var answer = PeerMark.AnswerOf(response, place, new PeerBodies(bodies, asked.Principal.Tenant, time));
            if (PeerErrors.ReasonOf(answer.Error) is { } code) refusals.Report(peer, code);
            return answer;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException
            or OperationCanceledException)
        {
            place?.Dispose();
            var isConnectFailure = IsConnectFailure(e);
            if (isConnectFailure) rests.Failed(peer.ServerId);
            return isConnectFailure || !dispatch.WasSent ? PeerErrors.Unreached : PeerErrors.Unavailable;
        }
        catch
        {
            place?.Dispose();
            throw;
        }
    }

    /// <summary>Room for a body that is built in memory, until it is sent; SERVER_BUSY if there is not enough.</summary>
    public Result<ShareLease> TryReserve(TenantId tenant, long bytes) => bodies.TryReserve(tenant, bytes);

    public void Dispose()
    {
        own.Dispose();
        passing.Dispose();
    }

    private static HttpMessageInvoker NewHttp() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = ConnectMax,
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = PingEvery,
        KeepAlivePingTimeout = PingEvery,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        ActivityHeadersPropagator = null, // it would make a span of each request; the header is set here
        RequestHeaderEncodingSelector = PeerDispatch.OnHeader,
    });

    private HttpRequestMessage MessageOf(PeerServer peer, PeerRequest asked)
    {
        var token = tokens.Issue(peer, asked.Method, asked.Path, asked.Principal, asked.KeepsChecking);
        var message = new HttpRequestMessage(new HttpMethod(asked.Method), AddressOf(peer, asked.Path))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = asked.Content,
        };
        foreach (var (name, value) in asked.Headers) message.Headers.TryAddWithoutValidation(name, value);
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } span)
        {
            message.Headers.TryAddWithoutValidation("traceparent", trace);
            if (span.TraceStateString is { Length: > 0 } state) message.Headers.TryAddWithoutValidation("tracestate", state);
        }
        message.Headers.TryAddWithoutValidation("Authorization", PeerTokens.Scheme + token);
        return message;
    }

    /// <summary>The servers' own streams hold no places that organizations need.</summary>
    private Result<ShareLease?> TryTake(Principal principal)
    {
        if (principal.IsPlatform) return (ShareLease?)null;
        return requests.TryTake(principal.Tenant).TryGet(out var place, out var error) ? place : error;
    }

    /// <summary>As it is: what was signed must be what arrives.</summary>
    private static Uri AddressOf(PeerServer peer, string path) =>
        new(peer.Address.GetLeftPart(UriPartial.Authority) + path,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    /// <summary>A connect that takes too long ends as a cancellation because of a timeout.</summary>
    private static bool IsConnectFailure(Exception e) => e is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError,
    } or HttpRequestException { InnerException: SocketException } or OperationCanceledException { InnerException: TimeoutException };
}

/// <summary>An answer of another server; to be disposed.</summary>
public sealed class PeerAnswer : IDisposable
{
    private readonly HttpResponseMessage response;
    private readonly ShareLease? place;
    private readonly PeerBodies bodies;
    private ShareLease? room;

    internal PeerAnswer(HttpResponseMessage response, ShareLease? place, PeerBodies bodies) =>
        (this.response, this.place, this.bodies) = (response, place, bodies);

    public HttpResponseMessage Response => response;

    public int Status => (int)response.StatusCode;

    /// <summary>
    /// The whole body, up to a bound; PEER_UNAVAILABLE where it does not come, is longer, or finds no room in memory in time, and the
    /// answer's own error where it is one. Counts against the room for bodies until the answer is disposed. Once for each answer.
    /// </summary>
    public async Task<Result<byte[]>> ReadAsync(int bytesMax, CancellationToken cancellationToken)
    {
        try
        {
            var length = response.Content.Headers.ContentLength ?? bytesMax;
            if (length > bytesMax || !(await bodies.ReserveAsync(length, cancellationToken)).TryGet(out room, out _))
                return PeerErrors.Unavailable;
            await response.Content.LoadIntoBufferAsync(bytesMax, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return response.IsSuccessStatusCode ? body : ProblemDetails.Read(Status, body) ?? PeerErrors.Unavailable;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException
            or OperationCanceledException)
        {
            return PeerErrors.Unavailable;
        }
    }

    public void Dispose()
    {
        response.Dispose();
        room?.Dispose();
        place?.Dispose();
    }
}

/// <summary>One organization's part of the room for bodies.</summary>
internal sealed record PeerBodies(ByteBudget Budget, TenantId Tenant, TimeProvider Time)
{
    /// <summary>
    /// A waiter holds no other room of this budget, so the others end. Much shorter than the time after which the other server ends a
    /// connection because nothing of an answer is read (its first 64 KiB at 240 bytes a second).
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public ValueTask<Result<ShareLease>> ReserveAsync(long bytes, CancellationToken cancellationToken) =>
        Budget.ReserveAsync(Tenant, bytes, Patience, Time, cancellationToken);
}
