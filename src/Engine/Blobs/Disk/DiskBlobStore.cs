using Strata.Core;

namespace Strata.Blobs.Disk;

/// <summary>
/// Blobs as files: <c>ROOT/TENANT/sha256/ab/abcd…</c>, where TENANT is the organization's id. A blob is written to <c>ROOT/TENANT/tmp</c>,
/// synced, then renamed, so that a crash leaves at most a temporary file, which the next start removes. Its age is the file's modification
/// time. Grants are empty files, <c>ROOT/TENANT/projects/PROJECT/DIGEST</c>.
/// </summary>
internal sealed class DiskBlobStore : IBlobStore
{
    private const int BufferBytes = 128 * 1024;

    private readonly DiskFolders folders;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly DiskReserve reserve;
    private readonly BlobSpool spool;
    private readonly BlobUsage usage;
    private readonly DiskUploads uploads;
    private readonly Func<bool> isMounted;

    public DiskBlobStore(string root, BlobLimits limits, TimeProvider time, Func<bool> isMounted)
    {
        this.isMounted = isMounted;
        (folders, this.time, BytesMax, reserve) = (
            new DiskFolders(root), time, limits.BytesMax, new DiskReserve(root, limits.ReserveBytes));
        spool = new BlobSpool(reserve, time);
        var quota = limits.QuotaBytes > 0 ? limits.QuotaBytes : new DriveInfo(root).TotalSize / 2;
        usage = new BlobUsage(quota, null, time, (tenant, _) => Task.FromResult<Result<long>>(Measure(tenant)));
        uploads = new DiskUploads(folders, spool, usage, limits, time, Keep, isMounted);
        foreach (var tenant in Directory.EnumerateDirectories(root).Where(x => TenantId.TryParse(Path.GetFileName(x), out _)))
        {
            PrivateFiles.Close(tenant);
            BlobSpool.RemoveLeft(Path.Combine(tenant, "tmp"));
        }
    }

    public long BytesMax { get; }

    public string Description => "disk";

    public IBlobUploads Uploads => uploads;

    public async Task<Result<BlobInfo>> PutAsync(TenantId tenant, Digest? expected, Stream content, CancellationToken cancellationToken)
    {
        if (!isMounted()) return BlobErrors.NotMounted;
        var isThere = expected is { } known && Find(tenant, known) is not null;
        if (!(await usage.ReserveAsync(tenant, isThere, cancellationToken)).TryGet(out var room, out var error)) return error;
        using (room)
        {
            var taken = await spool.TakeAsync(folders.Temporary(tenant), content, BytesMax, room, sync: true, cancellationToken);
            if (!taken.TryGet(out var file, out error)) return error;
            using (file)
            {
                if (expected is { } wanted && wanted != file.Digest) return BlobErrors.Mismatch(wanted, file.Digest);
                if (Keep(tenant, file)) room.Keep();
                if (!isMounted()) return BlobErrors.NotMounted; // what was just kept is below the mount point
                return Find(tenant, file.Digest)!;
            }
        }
    }

    public Task<Result<BlobContent>> GetAsync(TenantId tenant, Digest digest, long offset, CancellationToken cancellationToken)
    {
        try
        {
            var file = new FileStream(
                folders.Blob(tenant, digest), FileMode.Open, FileAccess.Read, FileShare.Read
                    | FileShare.Delete, BufferBytes, FileOptions.Asynchronous);
            file.Position = Math.Min(offset, file.Length);
            var info = new BlobInfo(digest, file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle));
            return Task.FromResult<Result<BlobContent>>(new BlobContent(info, file));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Result<BlobContent>>(Missing(digest));
        }
    }

    public Task<Result<BlobInfo>> HeadAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken) =>
        Task.FromResult<Result<BlobInfo>>(Find(tenant, digest) is { } blob ? blob : Missing(digest));

    public Task<Result<BlobInfo>> RenewAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (Find(tenant, digest) is not null) File.SetLastWriteTimeUtc(folders.Blob(tenant, digest), time.GetUtcNow().UtcDateTime);
        }
        return HeadAsync(tenant, digest, cancellationToken);
    }

    public Task<Result<bool>> DeleteAsync(TenantId tenant, Digest digest, DateTimeOffset putBefore, CancellationToken cancellationToken)
    {
        lock (gate) // a put of the same blob at this moment would renew a file that is then gone
        {
            if (Find(tenant, digest) is not { } blob || blob.PutAt >= putBefore) return Task.FromResult<Result<bool>>(false);
            File.Delete(folders.Blob(tenant, digest));
            usage.Remove(tenant, blob.Bytes);
            var projects = folders.Projects(tenant);
            if (!Directory.Exists(projects)) return Task.FromResult<Result<bool>>(true);
            foreach (var project in Directory.EnumerateDirectories(projects)) File.Delete(Path.Combine(project, digest.Hex));
        }
        return Task.FromResult<Result<bool>>(true);
    }

    public Task<Result<Page<BlobInfo>>> ListAsync(TenantId tenant, string? after, int max, CancellationToken cancellationToken)
    {
        var items = Blobs(tenant, after ?? "").Take(max + 1).ToList();
        return Task.FromResult<Result<Page<BlobInfo>>>(PageOf(items, max, blob => blob.Digest.Hex));
    }

    public Task<Result<Page<TenantId>>> ListTenantsAsync(string? after, int max, CancellationToken cancellationToken)
    {
        var names = Directory.EnumerateDirectories(folders.Root).Select(x => Path.GetFileName(x))
            .Where(x => string.CompareOrdinal(x, after) > 0).ToList();
        names.Sort(StringComparer.Ordinal);
        var items = names.Select(x => TenantId.TryParse(x, out var tenant) ? tenant : default).Where(x => x != default)
            .Take(max + 1).ToList();
        return Task.FromResult<Result<Page<TenantId>>>(PageOf(items, max, tenant => tenant.ToString()));
    }

    public Task<Result<Done>> GrantAsync(TenantId tenant, Digest digest, string project, CancellationToken cancellationToken)
    {
        if (!isMounted()) return Task.FromResult<Result<Done>>(BlobErrors.NotMounted);
        var path = folders.Grant(tenant, digest, project);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
        using var made = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = PrivateFiles.FileMode,
        });
        return Task.FromResult<Result<Done>>(default(Done));
    }

    public Task<Result<bool>> IsGrantedAsync(TenantId tenant, Digest digest, string project, CancellationToken cancellationToken) =>
        Task.FromResult<Result<bool>>(File.Exists(folders.Grant(tenant, digest, project)));

    public Task<Result<Done>> CheckAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Result<Done>>(reserve.IsShort ? reserve.Error : default(Done));

    /// <summary>Without its mount everything is missing, and nothing follows from that.</summary>
    private Error Missing(Digest digest) => isMounted() ? BlobErrors.NotFound(digest) : BlobErrors.NotMounted;

    private static Page<T> PageOf<T>(List<T> items, int max, Func<T, string> cursor) =>
        items.Count <= max ? new Page<T>(items, null) : new Page<T>(items[..max], cursor(items[max - 1]));

    /// <summary>In order of their digests, those after one.</summary>
    private IEnumerable<BlobInfo> Blobs(TenantId tenant, string after)
    {
        var root = folders.Blobs(tenant);
        if (!Directory.Exists(root)) yield break;
        foreach (var folder in Directory.GetDirectories(root).Order(StringComparer.Ordinal))
        {
            if (after.Length > 2 && string.CompareOrdinal(Path.GetFileName(folder), after[..2]) < 0) continue;
            foreach (var file in new DirectoryInfo(folder).GetFiles().Where(f => string.CompareOrdinal(f.Name, after) > 0)
                .OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                if (Digest.TryParse(Digest.Prefix + file.Name, out var digest) && file.Exists)
                    yield return new BlobInfo(digest, file.Length, file.LastWriteTimeUtc);
            }
        }
    }

    private long Measure(TenantId tenant) => Blobs(tenant, "").Sum(blob => blob.Bytes) + uploads.Measure(tenant);

    private BlobInfo? Find(TenantId tenant, Digest digest)
    {
        var file = new FileInfo(folders.Blob(tenant, digest));
        return file.Exists ? new BlobInfo(digest, file.Length, file.LastWriteTimeUtc) : null;
    }

    /// <returns>Whether it is new.</returns>
    private bool Keep(TenantId tenant, SpooledBlob file)
    {
        var path = folders.Blob(tenant, file.Digest);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
        lock (gate)
        {
            if (!File.Exists(path))
            {
                File.Move(file.Path, path);
                return true;
            }
            File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
            return false;
        }
    }
}
