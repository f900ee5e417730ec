using System.Buffers;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>
/// Gives each request an id, returned in X-Request-Id and every error, and logged. The caller's own id is kept if it is safe to log.
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
