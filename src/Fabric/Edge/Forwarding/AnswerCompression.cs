using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Strata.Edge.Compression;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Compresses instances' answers for clients that take it: text that the application has not encoded itself and that is not tiny. Beyond
/// so many at a time, in all and of one organization, answers are passed on as they are. Safe for concurrent use.
/// </summary>
internal sealed class AnswerCompression(EdgeLimits limits)
{
    /// <summary>Less is one packet anyway.</summary>
    private const int BytesMin = 1024;

    private const string AcceptEncoding = "Accept-Encoding";

    private readonly KeyedRoom room = new(limits.CompressionsMax, limits.CompressionsPerOrganizationMax);

    /// <summary>Once the answer's head is set. What follows is written to <see cref="Exchange.Encoder"/> where there is one.</summary>
    public void Begin(Exchange x)
    {
        var headers = x.Response.Headers;
        if (x.Response.StatusCode == StatusCodes.Status304NotModified && x.TagCoding != ContentCoding.None)
        {
            // Of what the client has got compressed.
            headers.ETag = EncodedTags.Mark(headers.ETag, x.TagCoding);
            AddVary(headers);
        }
        if (!MayEncode(x, headers)) return;
        // Caches in between are to know, also of an answer to a client that takes none.
        AddVary(headers);
        var coding = x.AcceptedCoding();
        if (coding == ContentCoding.None || (!x.IsHead && !TryEncode(x, coding, headers.ContentLength))) return;
        headers.ContentEncoding = ContentCodings.NameOf(coding);
        headers.ContentLength = null;
        headers.Remove("Accept-Ranges");
        headers.ETag = EncodedTags.Mark(headers.ETag, coding);
    }

    /// <summary>As <see cref="AnswerWriter.WriteBodyAsync"/>, where there is an <see cref="Exchange.Encoder"/>.</summary>
    public async ValueTask<bool> WriteBodyAsync(Exchange x, UpstreamConnection connection)
    {
        try
        {
            var isReusable = await AnswerWriter.WriteBodyAsync(x, connection);
            x.Encoder!.Finish();
            return isReusable;
        }
        finally
        {
            x.Encoder!.Dispose();
            x.Encoder = null;
            room.Leave(x.Route!.Record.Org);
        }
    }

    /// <summary>Adds what the answer depends on.</summary>
    public static void AddVary(IHeaderDictionary headers)
    {
        var vary = headers.Vary;
        if (vary.Count == 0) headers.Vary = AcceptEncoding;
        else if (!vary.Any(v => v is not null && v.Split(',', StringSplitOptions.TrimEntries).Any(
            name => name is "*" || name.Equals(AcceptEncoding, StringComparison.OrdinalIgnoreCase))))
            headers.Vary = StringValues.Concat(vary, AcceptEncoding);
    }

    private static bool MayEncode(Exchange x, IHeaderDictionary headers)
    {
        if (x.Response.StatusCode is < 200 or 204 or 205 or 206 or 304 || headers.ContentLength < BytesMin) return false;
        return x.IsCompressible(headers.ContentType) && headers.ContentEncoding.Count == 0 && headers.ContentRange.Count == 0
            && !headers.CacheControl.ToString().Contains("no-transform", StringComparison.OrdinalIgnoreCase) && !HasDigest(headers);
    }

    /// <summary>Who checks the digest of what the application has sent must get that.</summary>
    private static bool HasDigest(IHeaderDictionary headers) => headers.ContainsKey("Content-Digest") || headers.ContainsKey("Repr-Digest")
        || headers.ContainsKey("Digest") || headers.ContainsKey("Content-MD5");

    private bool TryEncode(Exchange x, ContentCoding coding, long? length)
    {
        var org = x.Route!.Record.Org;
        if (!room.TryEnter(org)) return false;
        try
        {
            x.Encoder = BodyEncoder.Create(coding, x.ResponseBody.Writer, length);
            return true;
        }
        catch
        {
            room.Leave(org);
            throw;
        }
    }
}
