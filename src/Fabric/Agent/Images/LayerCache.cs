using System.Collections.Concurrent;
using Strata.Client;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Images;

/// <summary>
/// Unpacked layers in <c>layers/ORG-DIGEST</c>, shared by all instances of an organization and never changed; not by others, because knowing a
/// digest must not give them the files. A layer appears there only whole and checked: it is unpacked beside
/// and renamed. Bounded: <see cref="Collect"/> removes unused layers, the ones used longest ago first, while all together have more bytes than
/// they may; the disk's reserve bounds what comes in between. Safe for concurrent use; one download of a layer at a time.
/// </summary>
/// <param name="bytesMax">Of all layers; null: a quarter of the disk.</param>
internal sealed class LayerCache(NodePaths paths, StrataClient client, TimeProvider time, long? bytesMax = null)
{
    private const string UnfinishedPrefix = "unfinished-";
    private const int TextBytesMax = 1 << 20;

    /// <summary>What nothing has used for this long is deleted: a rollback soon after is instant.</summary>
    private static readonly TimeSpan UnusedMax = TimeSpan.FromHours(6);

    /// <summary>A layer that was asked for this recently may be about to run.</summary>
    private static readonly TimeSpan RecentMax = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> downloads = new();
    private readonly ConcurrentDictionary<string, long> sizes = new();

    /// <summary>An image's files on this machine; fetched when they are not there. Errors are those of <see cref="ImageErrors"/>.</summary>
    /// <exception cref="StrataException">The API cannot be reached.</exception>
    public async Task<Result<NodeImage>> GetAsync(string image, string org, CancellationToken cancellationToken)
    {
        try
        {
            if (!ImageManifest.Read(image, await ReadAsync(image, org, "manifest", cancellationToken)).TryGet(out var manifest, out var error)) return error;
            var workFolder = manifest.IsRoot ? ImageManifest.WorkFolderOf(await ReadAsync(manifest.Config!.Digest, org, "configuration", cancellationToken)) : null;
            return new NodeImage(await GetLayerAsync(manifest.Layers[0].Digest, org, cancellationToken), workFolder);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            return ImageErrors.Missing(image);
        }
        catch (BadLayerException e)
        {
            return ImageErrors.Invalid(image, e.Message);
        }
    }

    /// <summary>Deletes what is unused for long, what is unused and too much, and what a former life left unfinished.</summary>
    /// <param name="used">Folders of runs that there are.</param>
    public void Collect(IReadOnlySet<string> used)
    {
        var now = time.GetUtcNow();
        var max = bytesMax ?? new DriveInfo(paths.Layers).TotalSize / 4;
        var layers = Directory.GetDirectories(paths.Layers)
            .Select(folder => (Folder: folder, At: (DateTimeOffset)Directory.GetLastWriteTimeUtc(folder), Bytes: SizeOf(folder))).OrderBy(l => l.At).ToList();
        var total = layers.Sum(l => l.Bytes);
        foreach (var (folder, at, bytes) in layers)
        {
            var mayGo = now - at > UnusedMax || total > max && now - at > RecentMax;
            if (!mayGo || used.Contains(folder)) continue;
            Directory.Delete(folder, recursive: true);
            sizes.TryRemove(folder, out _);
            total -= bytes;
        }
    }

    /// <summary>Notes that it is in use, for <see cref="Collect"/>.</summary>
    public void Touch(string folder) => Directory.SetLastWriteTimeUtc(folder, time.GetUtcNow().UtcDateTime);

    /// <summary>Measured once: a layer never changes. What is still being unpacked is not counted.</summary>
    private long SizeOf(string folder)
    {
        if (Path.GetFileName(folder).StartsWith(UnfinishedPrefix, StringComparison.Ordinal)) return 0;
        var files = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        return sizes.GetOrAdd(folder, f => new DirectoryInfo(f).EnumerateFiles("*", files).Sum(file => file.Length));
    }

    private async Task<byte[]> ReadAsync(string digest, string org, string what, CancellationToken cancellationToken)
    {
        await using var stream = await client.GetBlobAsync(digest, org, cancellationToken);
        var buffer = new byte[TextBytesMax + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > TextBytesMax) throw new BadLayerException($"its {what} is too large");
        return Digests.Of(buffer.AsSpan(0, length)) == digest ? buffer[..length] : throw new BadLayerException($"its {what} does not have that digest");
    }

    private async Task<string> GetLayerAsync(string digest, string org, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(paths.Layers, $"{org}-{Digests.FileName(digest)}");
        var turn = downloads.GetOrAdd(folder, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (!Directory.Exists(folder)) await FetchAsync(digest, org, folder, cancellationToken);
            Touch(folder);
            return folder;
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task FetchAsync(string digest, string org, string folder, CancellationToken cancellationToken)
    {
        if (paths.Disk.IsShort) throw paths.Disk.Error.ToException();
        var unfinished = Path.Combine(paths.Layers, UnfinishedPrefix + Guid.CreateVersion7(time.GetUtcNow()).ToString("N"));
        Directory.CreateDirectory(unfinished);
        try
        {
            await using var blob = await client.GetBlobAsync(digest, org, cancellationToken);
            await using var hashing = new HashingReader(blob);
            await new LayerUnpacker(unfinished, LayerLimits.Default).UnpackAsync(hashing, cancellationToken);
            if (await hashing.FinishAsync(cancellationToken) != digest) throw new BadLayerException("its layer does not have the digest that the manifest says");
            Directory.Move(unfinished, folder);
        }
        finally
        {
            if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        }
    }
}
