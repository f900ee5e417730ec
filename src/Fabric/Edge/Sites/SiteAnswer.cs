using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Strata.Edge.Compression;

namespace Strata.Edge.Sites;

/// <summary>
/// What to answer for a file: the status by its conditions (RFC 9110 §13), the encoding that the client takes, the part that it asks for
/// (§14; one range, several are answered as a whole).
/// </summary>
/// <param name="Start">Of the part that is sent.</param>
/// <param name="Count">Bytes that are sent.</param>
internal readonly record struct SiteAnswer(int Status, SiteVariant Variant, long Start, long Count)
{
    public static SiteAnswer To(IHeaderDictionary headers, Site site, SiteFile file)
    {
        var range = headers.Range.Count == 0 ? null : ReadRange(headers.Range);
        var variant = range is null ? Choose(headers.AcceptEncoding, file) : file.Plain;
        if (headers.IfMatch.Count > 0 && !Names(headers.IfMatch, variant.ETag)) return new(412, variant, 0, 0);
        if (IsFresh(headers, site, variant)) return new(304, variant, 0, 0);
        return range is null || !MayRange(headers.IfRange, site, variant) ? new(200, variant, 0, variant.Length) : Part(variant, range);
    }

    /// <summary>The site's own page for what is not there.</summary>
    public static SiteAnswer NotFound(IHeaderDictionary headers, SiteFile page)
    {
        var variant = Choose(headers.AcceptEncoding, page);
        return new(404, variant, 0, variant.Length);
    }

    private static SiteVariant Choose(StringValues acceptEncoding, SiteFile file)
    {
        if (!file.HasVariants || acceptEncoding.Count == 0) return file.Plain;
        if (file.Brotli is { } brotli && ContentCodings.Accepts(acceptEncoding, "br")) return brotli;
        return file.Gzip is { } gzip && ContentCodings.Accepts(acceptEncoding, "gzip") ? gzip : file.Plain;
    }

    private static bool IsFresh(IHeaderDictionary headers, Site site, SiteVariant variant) =>
        headers.IfNoneMatch.Count > 0
            ? Names(headers.IfNoneMatch, variant.ETag)
            : headers.IfModifiedSince.Count > 0 && IsThatTime(headers.IfModifiedSince.ToString(), site.LastModified);

    /// <summary>The very time, not "later": after a rollback the file is older than what the client has, and yet another.</summary>
    private static bool IsThatTime(string text, DateTimeOffset time) => HeaderUtilities.TryParseDate(text, out var asked) && asked == time;

    private static bool Names(StringValues tags, string tag)
    {
        foreach (var value in tags)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var item = value.AsSpan(range).Trim();
                if (item is "*") return true;
                if (item.StartsWith("W/")) item = item[2..];
                if (item.SequenceEqual(tag)) return true;
            }
        }
        return false;
    }

    private static bool MayRange(StringValues ifRange, Site site, SiteVariant variant) =>
        ifRange.Count == 0 || ifRange.ToString() == variant.ETag || IsThatTime(ifRange.ToString(), site.LastModified);

    private static RangeItemHeaderValue? ReadRange(StringValues header) =>
        RangeHeaderValue.TryParse(header.ToString(), out var parsed) && parsed.Unit == "bytes" && parsed.Ranges.Count == 1
            ? parsed.Ranges.First() : null;

    private static SiteAnswer Part(SiteVariant variant, RangeItemHeaderValue range)
    {
        var length = variant.Length;
        var start = range.From ?? Math.Max(0, length - range.To!.Value);
        var end = range.From is null ? length - 1 : Math.Min(range.To ?? length - 1, length - 1);
        var isSatisfiable = start < length && end >= start && !(range.From is null && range.To == 0);
        return isSatisfiable ? new(206, variant, start, end - start + 1) : new(416, variant, 0, 0);
    }
}
