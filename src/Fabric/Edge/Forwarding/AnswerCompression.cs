using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Strata.Edge.Compression;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Compresses instances' answers for clients that take it: text that the application has not encoded itself and that is not tiny. Beyond
/// so many at a time answers are passed on as they are. Safe for concurrent use.
/// </summary>
internal sealed class AnswerCompression(EdgeLimits limits)
{
    /// <summary>Less is one packet anyway.</summary>
    private const int BytesMin = 1024;

    private const string AcceptEncoding = "Accept-Encoding";

    private int atWork;

    /// <summary>Once the answer's head is set. What follows is written to <see cref="Exchange.Encoder"/> where there is one.</summary>
    public void Begin(Exchange x)
    {
        var headers = x.Response.Headers;
        if (!MayEncode(x, headers)) return;
        // Caches in between are to know, also of an answer to a client that takes none.
        AddVary(headers);
        var coding = x.AcceptedCoding();
        if (coding == ContentCoding.None) return;
        if (!x.IsHead)
        {
            if (Interlocked.Increment(ref atWork) > limits.CompressionsMax)
            {
                Interlocked.Decrement(ref atWork);
                return;
            }
            x.Encoder = BodyEncoder.Create(coding, x.ResponseBody.Writer);
        }
        headers.ContentEncoding = ContentCodings.NameOf(coding);
        headers.ContentLength = null;
        headers.Remove("Accept-Ranges");
        // What the client gets has other bytes than what the application has named (RFC 9110 §8.8.1).
        if (headers.ETag is [['"', ..] tag]) headers.ETag = "W/" + tag;
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
            Interlocked.Decrement(ref atWork);
        }
    }

    /// <summary>
    /// A client that got an answer compressed names its tag as a weak one, which matches nothing in If-Match (RFC 9110 §13.1.1): the
    /// instance gets the tag that it gave.
    /// </summary>
    public static StringValues Strong(StringValues ifMatch)
    {
        if (!ifMatch.Any(v => v?.Contains("W/\"", StringComparison.Ordinal) == true)) return ifMatch;
        return ifMatch.Select(v => v?.Replace("W/\"", "\"", StringComparison.Ordinal)).ToArray();
    }

    private static bool MayEncode(Exchange x, IHeaderDictionary headers)
    {
        if (x.Response.StatusCode is < 200 or 204 or 205 or 206 or 304 || headers.ContentLength < BytesMin) return false;
        return x.IsCompressible(headers.ContentType) && headers.ContentEncoding.Count == 0 && headers.ContentRange.Count == 0
            && !headers.CacheControl.ToString().Contains("no-transform", StringComparison.OrdinalIgnoreCase);
    }

    private static void AddVary(IHeaderDictionary headers)
    {
        var vary = headers.Vary;
        if (vary.Count == 0) headers.Vary = AcceptEncoding;
        else if (!vary.Any(v => v is not null && (v.Contains(AcceptEncoding, StringComparison.OrdinalIgnoreCase) || v.Trim() == "*")))
            headers.Vary = StringValues.Concat(vary, AcceptEncoding);
    }
}
