using System.Collections.Concurrent;
using Strata.Client;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Images;

/// <summary>
/// Unpacked layers in <c>layers/ORG-DIGEST</c>, shared by all instances of an organization and never changed; not by others, because
/// knowing a digest must not give them the files. A layer is there only while it is whole and checked: it is unpacked beside and renamed,
/// and renamed again before it is deleted. Bounded: <see cref="Collect"/> removes unused layers, the ones used longest ago first, while all
/// together have more bytes than they may; the disk's reserve bounds what comes in between. Safe for concurrent use; one download of a
/// layer at a time.
/// </summary>
/// <param name="bytesMax">Of all layers; null: a quarter of the disk.</param>
internal sealed class LayerCache(NodePaths paths, StrataClient client, TimeProvider time, long? bytesMax = null)
{
    private const string UnfinishedPrefix = "unfinished-";
    private const string RemovedPrefix = "removed-";
    private const int TextBytesMax = 1 << 20;

    /// <summary>What nothing has used for this long is deleted: a rollback soon after is instant.</summary>
    private static readonly TimeSpan UnusedMax = TimeSpan.FromHours(6);

    /// <summary>A layer that was requested this recently may be about to run.</summary>
    private static readonly TimeSpan RecentMax = TimeSpan.FromMinutes(10);

    private readonly Turns downloads = new();
    private readonly ConcurrentDictionary<string, long> sizes = new();

    /// <summary>Folders that this process is unpacking into.</summary>
    private readonly ConcurrentDictionary<string, bool> unfinished = new();

    /// <summary>An image's files on this machine; fetched when they are not there. Errors are those of <see cref="ImageErrors"/>.</summary>
    /// <exception cref="StrataException">The API cannot be reached.</exception>
    public async Task<Result<NodeImage>> GetAsync(string image, string org, CancellationToken cancellationToken)
    {
        try
        {
            if (!ImageManifest.Read(image, await ReadAsync(image, org, "manifest", cancellationToken))
                .TryGet(out var manifest, out var error)) return error;
            var workFolder = manifest.IsRoot
                ? ImageManifest.WorkFolderOf(await ReadAsync(manifest.Config!.Digest, org, "configuration", cancellationToken)) : null;
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

    /// <summary>Deletes what is unused for long or too much, and what an earlier process left unfinished or half deleted.</summary>
    /// <param name="used">Folders that runs use now. Called again before each removal: measuring the layers can take long.</param>
    public void Collect(Func<IReadOnlySet<string>> used)
    {
        var layers = new List<(string Folder, DateTime At, long Bytes)>();
        foreach (var folder in Directory.GetDirectories(paths.Layers))
        {
            var name = Path.GetFileName(folder);
            if (name.StartsWith(RemovedPrefix, StringComparison.Ordinal)) Directory.Delete(folder, recursive: true);
            else if (name.StartsWith(UnfinishedPrefix, StringComparison.Ordinal)) CollectUnfinished(folder);
            else layers.Add((folder, Directory.GetLastWriteTimeUtc(folder), SizeOf(folder)));
        }
        var max = bytesMax ?? new DriveInfo(paths.Layers).TotalSize / 4;
        var total = layers.Sum(l => l.Bytes);
        foreach (var (folder, at, bytes) in layers.OrderBy(l => l.At))
        {
            if (MayGo(at, total > max) && TryRemove(folder, total > max, used)) total -= bytes;
        }
    }

    /// <summary>Notes that it is in use, for <see cref="Collect"/>.</summary>
    public void Touch(string folder) => Directory.SetLastWriteTimeUtc(folder, time.GetUtcNow().UtcDateTime);

    private bool MayGo(DateTime at, bool isTooMuch)
    {
        var unused = time.GetUtcNow() - at;
        return unused > UnusedMax || isTooMuch && unused > RecentMax;
    }

    /// <summary>
    /// Removes a layer unless an instance has requested it meanwhile. It is renamed first, so that a crash during the deletion leaves no
    /// damaged layer that counts as whole.
    /// </summary>
    private bool TryRemove(string folder, bool isTooMuch, Func<IReadOnlySet<string>> used)
    {
        var removed = PathOf(RemovedPrefix);
        using (var turn = downloads.TryTake(folder))
        {
            if (turn is null) return false; // an instance is asking for it
            if (!MayGo(Directory.GetLastWriteTimeUtc(folder), isTooMuch) || used().Contains(folder)) return false;
            Directory.Move(folder, removed);
            sizes.TryRemove(folder, out _);
        }
        Directory.Delete(removed, recursive: true);
        return true;
    }

    /// <summary>
    /// Keeps what this process is unpacking, however long that takes; leftovers of another process are deleted after a while.
    /// </summary>
    private void CollectUnfinished(string folder)
    {
        if (unfinished.ContainsKey(folder) || !Directory.Exists(folder)) return;
        if (time.GetUtcNow() - Directory.GetLastWriteTimeUtc(folder) > UnusedMax) Directory.Delete(folder, recursive: true);
    }

    private string PathOf(string prefix) => Path.Combine(paths.Layers, prefix + Guid.CreateVersion7(time.GetUtcNow()).ToString("N"));

    /// <summary>Measured once: a layer never changes.</summary>
    private long SizeOf(string folder)
    {
        var files = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true };
        return sizes.GetOrAdd(folder, f => new DirectoryInfo(f).EnumerateFiles("*", files).Sum(file => file.Length));
    }

    private async Task<byte[]> ReadAsync(string digest, string org, string what, CancellationToken cancellationToken)
    {
        await using var stream = await client.GetBlobAsync(digest, org, cancellationToken);
        var buffer = new byte[TextBytesMax + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > TextBytesMax) throw new BadLayerException($"its {what} is too large");
        return Digest.Of(buffer.AsSpan(0, length)).ToString() == digest
            ? buffer[..length] : throw new BadLayerException($"its {what} does not have that digest");
    }

    private async Task<string> GetLayerAsync(string digest, string org, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(paths.Layers, $"{org}-{digest.Replace(':', '-')}");
        using var turn = await downloads.TakeAsync(folder, cancellationToken);
        if (!Directory.Exists(folder)) await FetchAsync(digest, org, folder, cancellationToken);
        Touch(folder);
        return folder;
    }

    private async Task FetchAsync(string digest, string org, string folder, CancellationToken cancellationToken)
    {
        if (paths.Disk.IsShort) throw paths.Disk.Error.ToException();
        var work = PathOf(UnfinishedPrefix);
        unfinished.TryAdd(work, true);
        try
        {
            Directory.CreateDirectory(work);
            await using var blob = await client.GetBlobAsync(digest, org, cancellationToken);
            await using var hashing = new HashingReader(blob);
            await new LayerUnpacker(work, LayerLimits.Default).UnpackAsync(hashing, cancellationToken);
            if (await hashing.FinishAsync(cancellationToken) != digest)
                throw new BadLayerException("its layer does not have the digest that the manifest says");
            Directory.Move(work, folder);
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
            unfinished.TryRemove(work, out _);
        }
    }
}
