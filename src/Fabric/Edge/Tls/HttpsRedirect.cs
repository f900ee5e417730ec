using Microsoft.AspNetCore.Http.Features;
using Strata.Edge.Forwarding;
using Strata.Edge.Routing;

namespace Strata.Edge.Tls;

/// <summary>What requests without TLS get of hosts that have a certificate: the way to HTTPS, and answers for ACME authorities.</summary>
/// <param name="port">Of HTTPS as clients reach it.</param>
internal sealed class HttpsRedirect(int port)
{
    private const string ChallengePath = "/.well-known/acme-challenge/";
    private const int TokenMax = 256;

    /// <summary>
    /// What cannot follow is served as it is, unless the route says that all go to HTTPS: clients of WebSockets and of gRPC take a redirect
    /// for a failure.
    /// </summary>
    public static bool IsFor(Exchange x, RouteEntry route) => route.Record.Https?.Redirect == true
        || (x.Request.Headers.Upgrade.Count == 0 && !GrpcForwarder.IsGrpc(x));

    public void Redirect(Exchange x)
    {
        var host = HostName.Of(x.Request.Headers.Host.ToString());
        Redirects.Send(x, port == 443 ? $"https://{host}{Redirects.TargetOf(x)}" : $"https://{host}:{port}{Redirects.TargetOf(x)}");
    }

    /// <summary>
    /// Answers an authority that asks whether the host is ours (RFC 8555 §8.3), for whatever token: the answer is good for the cloud's own
    /// account alone, so it needs no knowledge of what was asked, and every edge can give it.
    /// </summary>
    /// <returns>False: it is no such question.</returns>
    public static bool TryAnswerAcme(Exchange x, string thumbprint, out ValueTask<System.IO.Pipelines.FlushResult> sending)
    {
        sending = default;
        if (!x.Request.Path.StartsWith(ChallengePath, StringComparison.Ordinal) || x.Request.Method is not ("GET" or "HEAD")) return false;
        var token = x.Request.Path.AsSpan(ChallengePath.Length);
        if (token.IsEmpty || token.Length > TokenMax || token.ContainsAnyExcept(TokenChars)) return false;
        var body = System.Text.Encoding.ASCII.GetBytes($"{token}.{thumbprint}");
        x.Response.StatusCode = 200;
        x.Response.Headers.ContentType = "application/octet-stream";
        x.Response.Headers.ContentLength = body.Length;
        x.Response.Headers["X-Request-Id"] = x.RequestId;
        if (!x.IsHead) sending = x.ResponseBody.Writer.WriteAsync(body);
        return true;
    }

    private static readonly System.Buffers.SearchValues<char> TokenChars =
        System.Buffers.SearchValues.Create("-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}
