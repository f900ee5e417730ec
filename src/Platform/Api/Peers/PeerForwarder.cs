using System.Diagnostics;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Resources.Servers;

namespace Strata.Api.Peers;

/// <summary>
/// Passes a request on to another server as a whole and its answer back, both as they come. The caller was authenticated here; the other
/// server decides by the principal. What was passed on once is never passed on again. Safe for concurrent use.
/// </summary>
public sealed class PeerForwarder(PeerClient client, TimeProvider time)
{
    /// <summary>
    /// What endpoints that join transactions read. All else stays here: of a request that fits the limits of one server's headers, the hop
    /// with its token may not.
    /// </summary>
    private static readonly string[] Passed =
    [
        "Accept", "If-Match", "Strata-Fence", Idempotency.Idempotency.Header, RequestHeaders.TransactionToken,
    ];

    /// <summary>Passed on where this server has no span of its own for the request.</summary>
    private static readonly string[] Trace = ["traceparent", "tracestate"];

    /// <summary>Of an answer: of one connection only (RFC 9110, 7.6.1), or set by this server.</summary>
    private static readonly HashSet<string> NotPassedBack = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        RequestIds.Header, PeerMark.Header,
    };

    /// <summary>
    /// How long a user may take to read <see cref="ChunkBytes"/>. Short enough that the other server, which counts at the same rate as any
    /// server does (240 bytes a second), never ends the connection between the two, with all requests on it.
    /// </summary>
    private static readonly TimeSpan ChunkMax = TimeSpan.FromSeconds(30);

    private const int ChunkBytes = 16 << 10;

    public ServerDirectory Directory => client.Directory;

    /// <summary>Whether the request came from another server: then what it needs is here or nowhere.</summary>
    public static bool IsForwarded(HttpContext http) => http.Features.Get<PeerCaller>() is not null;

    /// <summary>Sends it on and the answer back; an error where there is no answer.</summary>
    /// <exception cref="BadHttpRequestException">The user's body is too large or comes too slowly.</exception>
    public async Task<Error?> ForwardAsync(HttpContext http, PeerServer to)
    {
        if (IsForwarded(http)) throw new InvalidOperationException("A request that was passed on is not passed on again.");
        using var ending = new CancellationTokenSource();
        using var content = ContentOf(http, ending.Token);
        try
        {
            return await ForwardAsync(http, to, content);
        }
        finally
        {
            await ending.CancelAsync(); // the other server may answer without reading the whole body
            if (content is not null) await content.EndedAsync();
        }
    }

    private async Task<Error?> ForwardAsync(HttpContext http, PeerServer to, UserBody? content)
    {
        var aborted = http.RequestAborted;
        var request = new PeerRequest(http.Request.Method, TargetOf(http), http.GetPrincipal(), content, HeadersOf(http));
        if (!(await client.PassOnAsync(to, request, aborted)).TryGet(out var answer, out var error))
        {
            content?.Fault?.Throw(); // it is the user's, and no fault of the hop
            return error;
        }
        using (answer)
        {
            http.Response.StatusCode = answer.Status;
            foreach (var (name, values) in answer.Response.Headers.Concat(answer.Response.Content.Headers))
            {
                if (!NotPassedBack.Contains(name)) http.Response.Headers[name] = new StringValues([.. values]);
            }
            http.Response.ContentLength = answer.Response.Content.Headers.ContentLength;
            return await CopyAsync(answer.Response.Content, http, aborted);
        }
    }

    /// <summary>
    /// Flushes what has arrived when no more data is waiting, so that streams go through. An answer that is cut off, or is read too slowly,
    /// ends the user's connection; PEER_UNAVAILABLE where nothing of it was sent yet.
    /// </summary>
    private async Task<Error?> CopyAsync(HttpContent answer, HttpContext http, CancellationToken cancellationToken)
    {
        var to = http.Response.BodyWriter;
        try
        {
            var from = await answer.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                var read = await from.ReadAsync(to.GetMemory(ChunkBytes)[..ChunkBytes], cancellationToken);
                if (read == 0) return null;
                to.Advance(read);
                if (!await TryFlushAsync(to, http, cancellationToken)) return null;
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException)
        {
            if (http.Response.HasStarted)
            {
                http.Abort();
                return null;
            }
            http.Response.Clear(); // of the other server's headers
            http.Response.Headers[RequestIds.Header] = http.TraceIdentifier;
            return PeerErrors.Unavailable;
        }
    }

    /// <returns>False: it took too long, and the user's connection has ended.</returns>
    private async ValueTask<bool> TryFlushAsync(PipeWriter to, HttpContext http, CancellationToken cancellationToken)
    {
        var flushing = to.FlushAsync(cancellationToken);
        if (flushing.IsCompleted)
        {
            await flushing;
            return true;
        }
        var flushed = flushing.AsTask();
        try
        {
            await flushed.WaitAsync(ChunkMax, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            http.Abort();
            await ((Task)flushed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return false;
        }
    }

    private static string TargetOf(HttpContext http) =>
        http.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] target
            ? target
            : http.Request.Path.ToUriComponent() + http.Request.QueryString;

    private static UserBody? ContentOf(HttpContext http, CancellationToken ending) =>
        http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } ? null : new UserBody(http.Request, ending);

    private static IEnumerable<KeyValuePair<string, string>> HeadersOf(HttpContext http)
    {
        yield return new(RequestIds.Header, http.TraceIdentifier);
        IEnumerable<string> names = Activity.Current is null ? [.. Passed, .. Trace] : Passed;
        foreach (var name in names)
        {
            foreach (var value in http.Request.Headers[name]) yield return new(name, value ?? "");
        }
    }
}
