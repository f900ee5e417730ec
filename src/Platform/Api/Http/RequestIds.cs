using System.Buffers;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>
/// Gives each request an id, told in X-Request-Id, in every error and in the log. The caller's own is kept where it is fit to be logged.
/// </summary>
internal static class RequestIds
{
    public const string Header = "X-Request-Id";
    private const int LengthMax = 128;
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+=");

    public static Task InvokeAsync(HttpContext http, RequestDelegate next, TimeProvider time)
    {
        var sent = http.Request.Headers[Header];
        http.TraceIdentifier = sent is [{ Length: > 0 and <= LengthMax } id] && !id.AsSpan().ContainsAnyExcept(Allowed)
            ? id
            : IdText.Format("req", Guid.CreateVersion7(time.GetUtcNow()));
        http.Response.Headers[Header] = http.TraceIdentifier;
        return next(http);
    }
}
