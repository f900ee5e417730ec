using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Strata.Identity.Pages;

/// <summary>What a form of ours sent.</summary>
internal sealed class PageForm(Dictionary<string, StringValues> fields)
{
    private const int BodyBytesMax = 16 * 1024;
    private const int FieldsMax = 32;

    /// <summary>Whether a page of ours sent it, so that it says what the person wants.</summary>
    public required bool IsOurs { get; init; }

    /// <returns>Null for a form that is too large, has a field twice, or is no form.</returns>
    public static async ValueTask<PageForm?> ReadAsync(HttpContext http, Uri publicUrl)
    {
        var request = http.Request;
        if (!request.HasFormContentType || request.ContentLength is null or > BodyBytesMax) return null;
        if (request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)) return null;
        try
        {
            using var reader = new FormReader(request.Body)
            {
                ValueCountLimit = FieldsMax, ValueLengthLimit = BodyBytesMax, KeyLengthLimit = 100,
            };
            var read = await reader.ReadFormAsync(http.RequestAborted);
            if (read.Values.Any(v => v.Count > 1)) return null;
            request.Form = new FormCollection(read); // for who reads it as a request of another's
            return new PageForm(read) { IsOurs = CameFromUs(http, publicUrl) };
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>All of it, as it can be sent again.</summary>
    public IEnumerable<(string Name, string Value)> Fields => fields.Select(f => (f.Key, f.Value.ToString()));

    /// <summary>Null where it is empty.</summary>
    public string? Text(string name) => fields.TryGetValue(name, out var value) && value is [{ Length: > 0 } text] ? text : null;

    /// <summary>
    /// Browsers say where a form comes from, so that another site cannot send one in the name of who is signed in here. One that says
    /// nothing is no browser, or one of before 2020.
    /// </summary>
    private static bool CameFromUs(HttpContext http, Uri publicUrl)
    {
        if (http.Request.Headers["Sec-Fetch-Site"] is [{ } site]) return site == "same-origin";
        return http.Request.Headers.Origin is [{ } text] && Uri.TryCreate(text, UriKind.Absolute, out var origin)
            && (origin.Authority == http.Request.Host.Value || origin.Authority == publicUrl.Authority);
    }
}
