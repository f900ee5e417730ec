using System.Globalization;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Edge.Forwarding;
using Strata.Edge.Pages;
using Strata.Edge.Routing;
using Strata.Edge.Visits;

namespace Strata.Edge.Sites;

/// <summary>Answers requests for static sites: finds the file, then conditions, encoding, range, bytes. Safe for concurrent use.</summary>
internal sealed class SiteServer(EdgeOptions options, StrataClient? api, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    private readonly SiteStore store = new(
        Path.Combine(options.DataFolder ?? Path.GetTempPath(), "sites"), options.DataFolder is not null, options.Sites, api, logger, time);
    private readonly SiteCache cache = new(options.Sites);

    /// <summary>Fetches the sites of a new table before the first request asks, and releases those that are no longer in it.</summary>
    public void Prepare(TableSnapshot snapshot)
    {
        var shown = snapshot.Routes
            .SelectMany(r => r.Targets.Where(t => t is { StaticImage: not null, Weight: > 0 })
                .Select(t => new SiteKey(r.Org, t.StaticImage!))).ToHashSet();
        store.Prepare(shown);
    }

    public async Task ServeAsync(Exchange x, RouteTarget target)
    {
        if (x.Request.Method is not ("GET" or "HEAD"))
        {
            await ErrorPages.WriteAsync(x, EdgeFault.MethodNotAllowed);
            return;
        }
        var key = new SiteKey(target.Org, target.StaticImage!);
        if ((store.TryBegin(key) ?? await WaitAsync(key)) is not { } site)
        {
            await ErrorPages.WriteAsync(x, EdgeFault.SiteUnavailable);
            return;
        }
        try
        {
            await ServeAsync(x, site);
        }
        finally
        {
            store.End(site);
        }
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task<Site?> WaitAsync(SiteKey key)
    {
        try
        {
            return await store.BeginAsync(key);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private async Task ServeAsync(Exchange x, Site site)
    {
        var prefix = x.Route!.Prefix;
        var path = x.Request.Path[prefix.Length..];
        var (file, isFolder) = path.Length == 0 && prefix.Length > 0 ? (null, true) : site.Find(path);
        if (isFolder) Redirect(x, x.Request.Path);
        else if (file is not null) await SendAsync(x, site, file, SiteAnswer.To(x.Request.Headers, site, file));
        else if (site.NotFound is { } notFound) await SendAsync(x, site, notFound, SiteAnswer.NotFound(x.Request.Headers, notFound));
        else await ErrorPages.WriteAsync(x, EdgeFault.UnknownFile);
    }

    /// <summary>
    /// To the folder's own address, built from the decoded path: what a client wrote, such as <c>/\host/../folder</c>, could lead a browser
    /// elsewhere.
    /// </summary>
    private static void Redirect(Exchange x, string path)
    {
        var location = string.Join('/', path.Split('/').Select(Uri.EscapeDataString)) + "/" + x.Request.QueryString;
        x.Response.StatusCode = 308;
        x.Response.Headers.Location = "/" + location.TrimStart('/');
        x.Response.Headers.ContentLength = 0;
        x.Response.Headers["X-Request-Id"] = x.RequestId;
    }

    private async Task SendAsync(Exchange x, Site site, SiteFile file, SiteAnswer answer)
    {
        var headers = x.Response.Headers;
        x.Response.StatusCode = answer.Status;
        headers["X-Request-Id"] = x.RequestId;
        headers.ETag = answer.Variant.ETag;
        headers.LastModified = site.LastModified.ToString("R", CultureInfo.InvariantCulture);
        headers.CacheControl = file.CacheControl;
        if (x.Visitor is not null) VisitorCaching.MakePrivate(headers);
        if (file.HasVariants) headers.Vary = "Accept-Encoding";
        if (answer.Status is 304 or 412) return;
        headers.AcceptRanges = "bytes";
        if (answer.Status == 416)
        {
            headers.ContentRange = $"bytes */{answer.Variant.Length}";
            headers.ContentLength = 0;
            return;
        }
        headers.ContentType = file.ContentType;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentLength = answer.Count;
        if (answer.Variant.Encoding is { } encoding) headers.ContentEncoding = encoding;
        if (answer.Status == 206) headers.ContentRange = $"bytes {answer.Start}-{answer.Start + answer.Count - 1}/{answer.Variant.Length}";
        if (!x.IsHead && answer.Count > 0) await SendBytesAsync(x, site, answer);
    }

    private async Task SendBytesAsync(Exchange x, Site site, SiteAnswer answer)
    {
        if (await cache.GetAsync(site, answer.Variant) is { } content)
            AnswerWriter.Put(x.ResponseBody.Writer, content.AsSpan((int)answer.Start, (int)answer.Count));
        else await x.ResponseBody.SendFileAsync(
            Path.Combine(site.Folder, answer.Variant.FileName), answer.Start, answer.Count, x.Lifetime.RequestAborted);
    }
}
