using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Scalar.AspNetCore;
using Strata.Api.Http;
using Strata.Core;

namespace Strata.Api.Docs;

/// <summary>
/// The files of the reference page, from this program: its own, and Scalar's script as its package carries it, compressed. The package's
/// own page is not used, because it has an inline script. Immutable.
/// </summary>
internal sealed class DocsAssets
{
    /// <summary>In the package Scalar.AspNetCore.</summary>
    private const string ScalarScript = "ScalarStaticAssets.scalar.js";

    private const string Own = "Strata.Api.Docs.";
    private const string Script = "text/javascript; charset=utf-8";

    private readonly FrozenDictionary<string, Asset> files;

    private DocsAssets(FrozenDictionary<string, Asset> files, string index) => (this.files, Index) = (files, index);

    /// <param name="Compressed">By gzip.</param>
    /// <param name="Plain">For clients without gzip; made once, for all.</param>
    private sealed record Asset(byte[] Compressed, Lazy<byte[]> Plain, string ContentType, string Tag);

    /// <summary>The page itself.</summary>
    public string Index { get; }

    public static DocsAssets Load()
    {
        var own = typeof(DocsAssets);
        var files = new Dictionary<string, Asset>(StringComparer.Ordinal)
        {
            ["scalar.js"] = ToAsset(Read(typeof(ScalarOptions), ScalarScript), Script),
            ["docs.js"] = ToAsset(Read(own, Own + "docs.js"), Script),
            ["docs.css"] = ToAsset(Read(own, Own + "docs.css"), "text/css; charset=utf-8"),
        };
        return new DocsAssets(
            files.ToFrozenDictionary(StringComparer.Ordinal), System.Text.Encoding.UTF8.GetString(Read(own, Own + "index.html")));
    }

    public IResult Send(HttpContext http, string file)
    {
        if (!files.TryGetValue(file, out var asset)) return NoSuchFile(file).ToResult();
        var headers = http.Response.Headers;
        headers.CacheControl = "public, max-age=3600";
        headers.Vary = "Accept-Encoding";
        headers.XContentTypeOptions = "nosniff";
        var takesGzip = http.Request.GetTypedHeaders().AcceptEncoding.Any(
            e => e.Quality is not 0 && (e.Value == "*" || e.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase)));
        if (!takesGzip) return SharedContent.Send(asset.Plain.Value, asset.ContentType, TagOf(asset, "plain"));
        headers.ContentEncoding = "gzip";
        return SharedContent.Send(asset.Compressed, asset.ContentType, TagOf(asset, "gzip"));
    }

    /// <summary>Each form of the content has its own.</summary>
    private static EntityTagHeaderValue TagOf(Asset asset, string form) => new($"\"{asset.Tag}-{form}\"");

    private static Error NoSuchFile(string file) => new(
        ErrorKind.NotFound, "NOT_FOUND", $"The reference page has no file \"{file.Shortened(80)}\".", "GET /docs is the page.");

    private static Asset ToAsset(byte[] content, string contentType)
    {
        var compressed = IsGzip(content) ? content : Compress(content);
        return new Asset(
            compressed, new Lazy<byte[]>(() => Decompress(compressed)), contentType,
            Convert.ToHexStringLower(SHA256.HashData(content)[..16]));
    }

    private static bool IsGzip(byte[] content) => content is [0x1f, 0x8b, ..];

    private static byte[] Read(Type of, string name)
    {
        using var stream = of.Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{of.Assembly.GetName().Name} has no resource {name}.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    private static byte[] Compress(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal)) gzip.Write(content);
        return compressed.ToArray();
    }

    private static byte[] Decompress(byte[] compressed)
    {
        using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var content = new MemoryStream();
        gzip.CopyTo(content);
        return content.ToArray();
    }
}
