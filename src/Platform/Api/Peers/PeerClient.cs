using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Resources.Servers;

namespace Strata.Api.Peers;

/// <summary>
/// Calls to other servers of this cloud, over HTTP/2 to their API's port, each with a token of <see cref="PeerTokens"/>. Bounded: requests
/// at
/// once (shared fairly by organizations), the time of a connect, and the time until a server that fell silent counts as gone (pings). One
/// that
/// could not be reached is not tried again for a second, so that calls to a dead server fail at once. Safe for concurrent use.
/// </summary>
public sealed class PeerClient(ServerDirectory directory, PeerTokens tokens, TimeProvider time) : IShareReport, IDisposable
{
    /// <summary>At once, to all other servers together; streams that follow them included.</summary>
    private const int RequestsMax = 4000;

    private static readonly TimeSpan ConnectMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(1);

    private readonly FairShare requests = new("requests to other servers", new ShareSize(RequestsMax));
    private readonly ConcurrentDictionary<string, long> failedAt = new(StringComparer.Ordinal);

    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler
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
        ActivityHeadersPropagator = null,
    });

    public ServerDirectory Directory => directory;

    public IEnumerable<ShareUse> Shares => [requests.Use];

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
        SendAsync(peer, method, path, principal, keepsChecking: false, content, headers, cancellationToken);

    /// <summary>
    /// A stream that goes on there for as long as it is read here. Only for a caller that goes on asking whether the principal's token is
    /// valid and cancels when it is not: the other server has no token to ask about, and would end the stream otherwise.
    /// </summary>
    public Task<Result<PeerAnswer>> OpenCheckedStreamAsync(
        PeerServer peer, string path, Principal principal, CancellationToken cancellationToken) =>
        SendAsync(peer, "GET", path, principal, keepsChecking: true, null, [], cancellationToken);

    private async Task<Result<PeerAnswer>> SendAsync(
        PeerServer peer, string method, string path, Principal principal, bool keepsChecking, HttpContent? content,
        IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
    {
        if (IsResting(peer)) return PeerErrors.Unreached;
        if (!requests.TryTake(principal.Tenant).TryGet(out var place, out var error)) return error;
        using var request = new HttpRequestMessage(new HttpMethod(method), AddressOf(peer, path))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content,
        };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var token = tokens.Issue(peer, method, path, principal, keepsChecking);
        request.Headers.TryAddWithoutValidation("Authorization", PeerTokens.Scheme + token);
        try
        {
            var response = await http.SendAsync(request, cancellationToken);
            failedAt.TryRemove(peer.ServerId, out _);
            return PeerMark.AnswerOf(response, place);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException
            or OperationCanceledException)
        {
            place.Dispose();
            if (!IsConnectFailure(e)) return PeerErrors.Unavailable;
            failedAt[peer.ServerId] = time.GetTimestamp();
            return PeerErrors.Unreached;
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    public void Dispose() => http.Dispose();

    private bool IsResting(PeerServer peer) =>
        failedAt.TryGetValue(peer.ServerId, out var at) && time.GetElapsedTime(at) < RestAfterFailure;

    /// <summary>As it is: what was signed must be what arrives.</summary>
    private static Uri AddressOf(PeerServer peer, string path) =>
        new(peer.Address.GetLeftPart(UriPartial.Authority) + path,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    private static bool IsConnectFailure(Exception e) => e is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError,
    } or HttpRequestException { InnerException: SocketException };
}

/// <summary>An answer of another server; to be disposed.</summary>
public sealed class PeerAnswer(HttpResponseMessage response, ShareLease place) : IDisposable
{
    public HttpResponseMessage Response => response;

    public int Status => (int)response.StatusCode;

    /// <summary>
    /// The whole body, up to a bound; PEER_UNAVAILABLE where it does not come or is longer, and the answer's own error where it is one.
    /// </summary>
    public async Task<Result<byte[]>> ReadAsync(int bytesMax, CancellationToken cancellationToken)
    {
        try
        {
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
        place.Dispose();
    }
}
