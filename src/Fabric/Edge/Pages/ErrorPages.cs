using System.Globalization;
using System.Net;
using System.Text;
using Strata.Core;
using Strata.Edge.Forwarding;

namespace Strata.Edge.Pages;

/// <summary>
/// Answers with one of the edge's own errors: a page for browsers, problem details for programs that ask for JSON, plain text for all
/// others. A deployment's name and message are shown only on its own hosts. Safe for concurrent use.
/// </summary>
internal static class ErrorPages
{
    private static readonly string Template = ReadTemplate();

    /// <summary>When some of the instance's answer has been passed on already, the client's connection is cut instead.</summary>
    public static ValueTask WriteAsync(Exchange x, EdgeFault fault)
    {
        x.FaultCode = fault.Code;
        x.IsOwnAnswer = true;
        if (x.IsAnswered || x.Response.HasStarted)
        {
            x.Abort();
            return default;
        }
        var page = new ErrorPage(fault, x.Route?.Record, x.RequestId);
        if (GrpcForwarder.IsGrpc(x)) return GrpcError(x, page);
        var (type, text) = Render(page, x.Request.Headers.Accept.ToString());
        return SendAsync(x, fault, type, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>A gRPC client reads an error from headers ("Trailers-Only" in the gRPC protocol over HTTP/2).</summary>
    private static ValueTask GrpcError(Exchange x, ErrorPage page)
    {
        const string unavailable = "14", deadlineExceeded = "4", unimplemented = "12", resourceExhausted = "8", denied = "7",
            unauthenticated = "16";
        x.Response.StatusCode = 200;
        x.Response.Headers.ContentType = "application/grpc";
        x.Response.Headers["X-Request-Id"] = x.RequestId;
        x.Response.Headers["grpc-status"] = page.Fault.Status switch
        {
            401 => unauthenticated, 403 => denied, 404 => unimplemented, 413 => resourceExhausted, 504 => deadlineExceeded,
            _ => unavailable,
        };
        x.Response.Headers["grpc-message"] = Uri.EscapeDataString(page.Message is null ? page.Detail : $"{page.Detail} {page.Message}");
        return default;
    }

    private static async ValueTask SendAsync(Exchange x, EdgeFault fault, string type, byte[] body)
    {
        var headers = x.Response.Headers;
        x.Response.StatusCode = fault.Status;
        headers.ContentType = type;
        headers.ContentLength = body.Length;
        headers.CacheControl = "no-store";
        headers["X-Request-Id"] = x.RequestId;
        headers["X-Strata-Error"] = fault.Code; // distinguishes the edge's own answers from an application's
        headers.XContentTypeOptions = "nosniff";
        if (fault.Closes && x.IsHttp1) headers.Connection = "close";
        if (fault.RetryAfterSeconds is { } seconds) headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (fault.Status == 401) headers.WWWAuthenticate = "Cookie"; // RFC 9110 §15.5.2 wants one, and none is registered for pages
        if (fault.Status == 405) headers.Allow = "GET, HEAD";
        if (type.StartsWith("text/html", StringComparison.Ordinal))
            headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        if (!x.IsHead) await x.ResponseBody.Writer.WriteAsync(body);
    }

    private static (string Type, string Text) Render(ErrorPage page, string accept)
    {
        if (accept.Contains("text/html", StringComparison.OrdinalIgnoreCase)) return ("text/html; charset=utf-8", Html(page));
        return accept.Contains("json", StringComparison.OrdinalIgnoreCase)
            ? ("application/problem+json", Json(page)) : ("text/plain; charset=utf-8", Plain(page));
    }

    private static string Html(ErrorPage page)
    {
        var more = new StringBuilder();
        if (page.Message is { } message) more.Append(CultureInfo.InvariantCulture, $"<p>{WebUtility.HtmlEncode(message)}</p>\n");
        if (page.Next is { } next) more.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">{WebUtility.HtmlEncode(next)}</p>\n");
        if (page.Command is { } command) more.Append(CultureInfo.InvariantCulture, $"<pre>{WebUtility.HtmlEncode(command)}</pre>\n");
        return new StringBuilder(Template)
            .Replace("{{title}}", WebUtility.HtmlEncode(page.Fault.Title))
            .Replace("{{detail}}", WebUtility.HtmlEncode(page.Detail))
            .Replace("{{status}}", page.Fault.Status.ToString(CultureInfo.InvariantCulture))
            .Replace("{{code}}", page.Fault.Code)
            .Replace("{{requestId}}", page.RequestId)
            .Replace("{{more}}", more.ToString())
            .ToString();
    }

    private static string Json(ErrorPage page) => JsonText.From(
        new Problem("about:blank", page.Fault.Title, page.Fault.Status,
            page.Message is null ? page.Detail : $"{page.Detail} {page.Message}", page.Fault.Code, page.Next, page.Command, page.RequestId),
        WireJson.Of<Problem>()).ToString();

    private static string Plain(ErrorPage page)
    {
        var text = new StringBuilder(page.Detail).Append('\n');
        if (page.Message is { } message) text.Append(message).Append('\n');
        if (page.Next is { } next) text.Append(next).Append('\n');
        if (page.Command is { } command) text.Append("  ").Append(command).Append('\n');
        return text.Append(CultureInfo.InvariantCulture, $"[{page.Fault.Status} {page.Fault.Code}, request {page.RequestId}]\n").ToString();
    }

    private static string ReadTemplate()
    {
        using var stream = typeof(ErrorPages).Assembly.GetManifestResourceStream("Strata.Edge.Pages.error.html")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private sealed record Problem(
        string Type, string Title, int Status, string Detail, string Code, string? Next, string? Command, string RequestId);
}
