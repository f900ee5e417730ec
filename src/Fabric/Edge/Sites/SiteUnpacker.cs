using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Core;
using Strata.Edge.Compression;

namespace Strata.Edge.Sites;

/// <summary>
/// Unpacks the layers of a static image into a folder: each file under the digest of its content, beside it what it compresses to. Names
/// from the archive become keys in an index and nothing else; links, devices, names with <c>..</c> and what <see cref="ServedFiles"/> calls
/// private are left out.
/// </summary>
/// <param name="allowed">Patterns of private files that the site serves nevertheless; see <see cref="ServedFiles"/>.</param>
internal sealed class SiteUnpacker(SiteLimits limits, IReadOnlyCollection<string> allowed)
{
    private const int CompressFromBytes = 256;

    /// <summary>Headers and padding of one file in an archive, generously.</summary>
    private const long EntryOverheadBytes = 4096;

    private readonly Dictionary<string, SiteIndexFile> files = new(StringComparer.Ordinal);
    private long bytes;

    /// <param name="layer">A tar archive, with or without gzip. Later layers win.</param>
    /// <exception cref="InvalidDataException">It is not an archive, or larger than the limits allow.</exception>
    public async Task AddLayerAsync(Stream layer, string folder, CancellationToken cancellationToken)
    {
        await using var plain = await OpenAsync(layer, cancellationToken);
        await using var guard = new GuardedTarStream(
            plain, new TarLimits(limits.UnpackedBytesMax + (limits.FilesMax * EntryOverheadBytes), limits.FilesMax * 4));
        await using var tar = new TarReader(guard, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)
                || SitePath.Clean(entry.Name) is not { } path) continue;
            if (ServedFiles.IsPrivate(path, allowed)) continue;
            if (files.Count >= limits.FilesMax) throw new InvalidDataException($"The site has more than {limits.FilesMax} files.");
            files[path] = await AddFileAsync(path, entry.DataStream ?? Stream.Null, folder, cancellationToken);
        }
    }

    public async Task WriteIndexAsync(string folder, DateTimeOffset lastModified, CancellationToken cancellationToken)
    {
        var index = new SiteIndex(SiteIndex.CurrentVersion, lastModified, [.. files.Values]);
        await using var file = File.Create(Path.Combine(folder, SiteStore.IndexName));
        await JsonSerializer.SerializeAsync(file, index, WireJson.Of<SiteIndex>(), cancellationToken);
    }

    private static async Task<Stream> OpenAsync(Stream layer, CancellationToken cancellationToken)
    {
        var magic = new byte[2];
        await layer.ReadExactlyAsync(magic, cancellationToken);
        layer.Position = 0;
        return magic is [0x1f, 0x8b] ? new GZipStream(layer, CompressionMode.Decompress, leaveOpen: true) : layer;
    }

    private async Task<SiteIndexFile> AddFileAsync(string path, Stream content, string folder, CancellationToken cancellationToken)
    {
        var temporary = Path.Combine(folder, "incoming");
        var (hash, length) = await CopyAsync(content, temporary, cancellationToken);
        var final = Path.Combine(folder, hash);
        File.Move(temporary, final, overwrite: true);
        if (!CompressibleTypes.Contain(ContentTypes.Of(path)) || length < CompressFromBytes || length > limits.CompressedFileBytesMax)
            return new SiteIndexFile(path, hash, length, null, null);
        var brotli = await CompressAsync(final, ".br", length,
            s => new BrotliStream(s, new BrotliCompressionOptions { Quality = 6 }, leaveOpen: true), cancellationToken);
        var gzip = await CompressAsync(
            final, ".gz", length, s => new GZipStream(s, CompressionLevel.Optimal, leaveOpen: true), cancellationToken);
        return new SiteIndexFile(path, hash, length, brotli, gzip);
    }

    private async Task<(string Hash, long Length)> CopyAsync(Stream content, string target, CancellationToken cancellationToken)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = File.Create(target);
        var block = new byte[64 * 1024];
        long length = 0;
        while (await content.ReadAsync(block, cancellationToken) is > 0 and var count)
        {
            length += count;
            if ((bytes += count) > limits.UnpackedBytesMax)
                throw new InvalidDataException($"The site is larger than {limits.UnpackedBytesMax} bytes.");
            sha.AppendData(block, 0, count);
            await file.WriteAsync(block.AsMemory(0, count), cancellationToken);
        }
        return (Convert.ToHexStringLower(sha.GetHashAndReset()), length);
    }

    /// <summary>The compressed length, or null where it is not worth it.</summary>
    private static async Task<long?> CompressAsync(
        string source, string suffix, long length, Func<Stream, Stream> compress, CancellationToken cancellationToken)
    {
        var target = source + suffix;
        await using (var output = File.Create(target))
        {
            await using var input = File.OpenRead(source);
            await using var compressor = compress(output);
            await input.CopyToAsync(compressor, cancellationToken);
        }
        var compressed = new FileInfo(target).Length;
        if (compressed < length * 9 / 10) return compressed;
        File.Delete(target);
        return null;
    }
}

/// <summary>Names in an archive as paths of a site.</summary>
internal static class SitePath
{
    private const string WellKnown = ".well-known";

    /// <summary>Relative and plain; null for what a site does not show: hidden files, names that climb.</summary>
    public static string? Clean(string name)
    {
        var segments = name.Split('/').Where(s => s is not ("" or ".")).ToArray();
        if (segments.Length == 0 || segments.Any(IsHiddenOrUnsafe)) return null;
        return string.Join('/', segments);
    }

    private static bool IsHiddenOrUnsafe(string segment) =>
        (segment[0] == '.' && segment != WellKnown) || segment.Any(c => char.IsControl(c) || c == '\\');
}
