using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>
/// Refuses paths that the server would read otherwise than they were sent: dot segments, which it removes, in any spelling, and encoded
/// slashes and NULs. No client needs them here, and the path served would not be the path requested.
/// </summary>
internal static class RawTargets
{
    private static readonly Error Refused = new(
        ErrorKind.Invalid, "INVALID_PATH", "The path holds \".\" or \"..\" as a segment, a backslash or a control character.",
        "Send the path as it is documented, with names and ids escaped once.");

    public static Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return IsPlain(query < 0 ? target : target[..query]) ? next(http) : Problem.WriteAsync(http, Refused);
    }

    private static bool IsPlain(string path)
    {
        foreach (var range in path.AsSpan().Split('/'))
        {
            var segment = path.AsSpan(range);
            if (segment.IndexOfAny('.', '%', '\\') < 0) continue;
            var plain = Uri.UnescapeDataString(segment);
            if (plain is "." or ".." || plain.AsSpan().ContainsAny('\\', '\0') || plain.Any(char.IsControl)) return false;
        }
        return true;
    }
}
