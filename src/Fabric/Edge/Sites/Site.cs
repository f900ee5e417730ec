using System.Collections.Frozen;
using Strata.Core;

namespace Strata.Edge.Sites;

/// <summary>
/// The files of one static image, unpacked. Immutable, and closed: only what stood in the image can be found, so no path leads outside. On
/// disk each file lies under the digest of its content, never under a name that a user chose.
/// </summary>
internal sealed class Site
{
    private const string IndexName = "index.html";
    private const string NotFoundName = "404.html";

    private readonly FrozenDictionary<string, SiteFile> files;
    private readonly FrozenSet<string> folders;

    public Site(string folder, SiteIndex index, SiteUse use)
    {
        (Folder, Use) = (folder, use);
        LastModified = index.LastModified;
        files = index.Files.ToFrozenDictionary(f => f.Path, f => new SiteFile(f), StringComparer.Ordinal);
        folders = index.Files.Where(f => f.Path.EndsWith("/" + IndexName, StringComparison.Ordinal))
            .Select(f => f.Path[..^(IndexName.Length + 1)]).ToFrozenSet(StringComparer.Ordinal);
    }

    public string Folder { get; }

    /// <summary>Begun before a file is read, and ended after.</summary>
    public SiteUse Use { get; }

    /// <summary>When the release was made, in whole seconds: of all its files.</summary>
    public DateTimeOffset LastModified { get; }

    /// <summary>The site's own page for what is not there.</summary>
    public SiteFile? NotFound => files.GetValueOrDefault(NotFoundName);

    /// <summary>
    /// What a path leads to: a file (a folder's index, a page without its <c>.html</c>), a redirect to the folder, or nothing.
    /// </summary>
    /// <param name="path">Decoded, with the slash at its start.</param>
    public (SiteFile? File, bool IsFolder) Find(string path)
    {
        var key = path.Length > 0 ? path[1..] : "";
        if (key.Length == 0 || key.EndsWith('/')) return (files.GetValueOrDefault(key + IndexName), false);
        if (files.TryGetValue(key, out var file)) return (file, false);
        return folders.Contains(key) ? (null, true) : (files.GetValueOrDefault(key + ".html"), false);
    }
}

/// <summary>What is known of a site beside its bytes; kept as <c>index.json</c> in its folder.</summary>
internal sealed record SiteIndex(int Version, DateTimeOffset LastModified, IReadOnlyList<SiteIndexFile> Files)
{
    /// <summary>From 2 on private files are left out when the site is unpacked.</summary>
    public const int CurrentVersion = 2;

    /// <summary>What an earlier version unpacked, without what is not served any more.</summary>
    public SiteIndex WithoutPrivateFiles() => Version >= 2
        ? this : this with { Files = [.. Files.Where(x => !ServedFiles.IsPrivate(x.Path))] };
}

/// <param name="Path">Relative, with slashes.</param>
/// <param name="Hash">SHA-256 of the content in hexadecimal.</param>
/// <param name="BrotliLength">Null: not kept compressed so.</param>
/// <param name="GzipLength">Null: not kept compressed so.</param>
internal sealed record SiteIndexFile(string Path, string Hash, long Length, long? BrotliLength, long? GzipLength);

/// <summary>One file of a site, with the headers that never change.</summary>
internal sealed class SiteFile
{
    public SiteFile(SiteIndexFile file)
    {
        ContentType = ContentTypes.Of(file.Path);
        CacheControl = HashedName.IsHashed(file.Path) ? "public, max-age=31536000, immutable" : "no-cache";
        Plain = new SiteVariant(file.Hash, file.Length, null, "");
        if (file.BrotliLength is { } brotli) Brotli = new SiteVariant(file.Hash, brotli, "br", ".br");
        if (file.GzipLength is { } gzip) Gzip = new SiteVariant(file.Hash, gzip, "gzip", ".gz");
    }

    public string ContentType { get; }
    public string CacheControl { get; }
    public SiteVariant Plain { get; }
    public SiteVariant? Brotli { get; }
    public SiteVariant? Gzip { get; }
    public bool HasVariants => Brotli is not null || Gzip is not null;
}

/// <summary>The bytes of a file in one encoding.</summary>
internal sealed class SiteVariant(string hash, long length, string? encoding, string suffix)
{
    public long Length => length;

    /// <summary>For Content-Encoding; null: not encoded.</summary>
    public string? Encoding => encoding;

    /// <summary>Strong: the content's digest, different for each encoding.</summary>
    public string ETag { get; } = encoding is null ? $"\"{hash[..32]}\"" : $"\"{hash[..32]}-{encoding}\"";
    public string FileName { get; } = hash + suffix;

    /// <summary>The bytes while they are kept in memory. Set by <see cref="SiteCache"/>.</summary>
    public byte[]? Kept { get; set; }

    /// <summary>Used since the cache looked last.</summary>
    public bool IsUsed { get; set; }
}
