using System.Net;
using System.Runtime.ExceptionServices;
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
public sealed class PeerForwarder(PeerClient client)
{
    /// <summary>Of one connection only (RFC 9110, 7.6.1), or set anew for the hop.</summary>
    private static readonly HashSet<string> NotPassed = new(StringComparer.OrdinalIgnoreCase)
    {
        "Authorization", "Connection", "Content-Length", "Cookie", "Expect", "Host", "Keep-Alive", "Proxy-Authorization",
        "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "X-Request-Id", PeerMark.Header,
    };

    public ServerDirectory Directory => client.Directory;

    /// <summary>Whether the request came from another server: then what it needs is here or nowhere.</summary>
    public static bool IsForwarded(HttpContext http) => http.Features.Get<PeerCaller>() is not null;

    /// <summary>Sends it on and the answer back; an error where there is no answer.</summary>
    /// <exception cref="BadHttpRequestException">The user's body is too large or comes too slowly.</exception>
    public async Task<Error?> ForwardAsync(HttpContext http, PeerServer to)
    {
        if (IsForwarded(http)) throw new InvalidOperationException("A request that was passed on is not passed on again.");
        var aborted = http.RequestAborted;
        using var content = ContentOf(http);
        var sent = await client.SendAsync(to, http.Request.Method, TargetOf(http), http.GetPrincipal(), content, HeadersOf(http), aborted);
        if (!sent.TryGet(out var answer, out var error))
        {
            content?.Fault?.Throw(); // it is the user's, and no fault of the hop
            return error;
        }
        using (answer)
        {
            http.Response.StatusCode = answer.Status;
            foreach (var (name, values) in answer.Response.Headers.Concat(answer.Response.Content.Headers))
            {
                if (!NotPassed.Contains(name)) http.Response.Headers[name] = new StringValues([.. values]);
            }
            http.Response.ContentLength = answer.Response.Content.Headers.ContentLength;
            await CopyAsync(await answer.Response.Content.ReadAsStreamAsync(aborted), http, aborted);
            return null;
        }
    }

    /// <summary>
    /// Flushes what has come whenever nothing more is there, so that streams go through. An answer that breaks off ends the connection.
    /// </summary>
    private static async Task CopyAsync(Stream from, HttpContext http, CancellationToken cancellationToken)
    {
        var to = http.Response.BodyWriter;
        try
        {
            while (true)
            {
                var read = await from.ReadAsync(to.GetMemory(16 << 10), cancellationToken);
                if (read == 0) return;
                to.Advance(read);
                await to.FlushAsync(cancellationToken);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException)
        {
            if (!http.Response.HasStarted) throw PeerErrors.Unavailable.ToException();
            http.Abort();
        }
    }

    private static string TargetOf(HttpContext http) =>
        http.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] target
            ? target
            : http.Request.Path.ToUriComponent() + http.Request.QueryString;

    private static UserBody? ContentOf(HttpContext http) =>
        http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } ? null : new UserBody(http.Request);

    private static IEnumerable<KeyValuePair<string, string>> HeadersOf(HttpContext http)
    {
        yield return new(RequestIds.Header, http.TraceIdentifier);
        foreach (var (name, values) in http.Request.Headers)
        {
            if (NotPassed.Contains(name) || name.StartsWith(':')) continue;
            if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)) continue;
            foreach (var value in values) yield return new(name, value ?? "");
        }
    }

    /// <summary>The body as it comes.</summary>
    private sealed class UserBody : HttpContent
    {
        private readonly HttpRequest request;

        public UserBody(HttpRequest request)
        {
            this.request = request;
            if (request.ContentType is { } type) Headers.TryAddWithoutValidation("Content-Type", type);
        }

        /// <summary>Why this server refused the body while it came; null: it did not.</summary>
        public ExceptionDispatchInfo? Fault { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            try
            {
                await request.Body.CopyToAsync(stream, cancellationToken);
            }
            catch (BadHttpRequestException e)
            {
                Fault = ExceptionDispatchInfo.Capture(e);
                throw;
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = request.ContentLength ?? 0;
            return request.ContentLength is not null;
        }
    }
}
