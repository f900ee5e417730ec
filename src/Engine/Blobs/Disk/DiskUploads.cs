using System.Globalization;
using Strata.Core;

namespace Strata.Blobs.Disk;

/// <summary>
/// Uploads in parts, as files <c>ROOT/TENANT/uploads/UPLOAD/NUMBER</c>. An upload's age counts from the creation of its folder; its id
/// contains that time.
/// </summary>
/// <param name="keep">Moves a file to its place among the blobs; false where it was there already.</param>
internal sealed class DiskUploads(
    DiskFolders folders, BlobSpool spool, BlobUsage usage, BlobLimits limits, TimeProvider time, Func<TenantId, SpooledBlob, bool> keep,
    Func<bool> isMounted) : IBlobUploads
{
    public Task<Result<UploadId>> StartAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (!isMounted()) return Task.FromResult<Result<UploadId>>(BlobErrors.NotMounted);
        var root = PrivateFiles.CreateFolder(folders.Uploads(tenant));
        if (root.EnumerateDirectories().Count() >= BlobLimits.UploadsMax)
            return Task.FromResult<Result<UploadId>>(BlobErrors.UploadsExhausted(BlobLimits.UploadsMax));
        var upload = new UploadId(Guid.CreateVersion7(time.GetUtcNow()).ToString("n"));
        PrivateFiles.CreateFolder(Path.Combine(root.FullName, upload.Value));
        return Task.FromResult<Result<UploadId>>(upload);
    }

    public async Task<Result<UploadPart>> PutPartAsync(
        TenantId tenant, UploadId upload, int number, Stream content, CancellationToken cancellationToken)
    {
        if (PartRules.Check(number) is { } fault) return fault;
        if (FolderOf(tenant, upload) is not { } folder) return BlobErrors.UploadNotFound(upload);
        if (!(await usage.ReserveAsync(tenant, isThere: false, cancellationToken)).TryGet(out var room, out var error)) return error;
        using (room)
        {
            var taken = await spool.TakeAsync(
                folders.Temporary(tenant), content, BlobLimits.PartBytesMax, room, sync: true, cancellationToken);
            if (!taken.TryGet(out var file, out error)) return PartRules.Of(error);
            using (file)
            {
                var path = PathOf(folder, number);
                var before = new FileInfo(path) is { Exists: true } former ? former.Length : 0;
                if (Parts(folder).Where(p => p.Number != number).Sum(p => p.Bytes) + file.Bytes > limits.BytesMax)
                    return BlobErrors.TooLarge(limits.BytesMax);
                try
                {
                    File.Move(file.Path, path, overwrite: true);
                }
                catch (DirectoryNotFoundException)
                {
                    return BlobErrors.UploadNotFound(upload); // completed or aborted meanwhile
                }
                room.Keep();
                usage.Remove(tenant, before);
                return new UploadPart(number, file.Bytes);
            }
        }
    }

    public Task<Result<IReadOnlyList<UploadPart>>> ListPartsAsync(TenantId tenant, UploadId upload, CancellationToken cancellationToken) =>
        Task.FromResult(FolderOf(tenant, upload) is { } folder
            ? Result.Of<IReadOnlyList<UploadPart>>(Parts(folder)) : BlobErrors.UploadNotFound(upload));

    public async Task<Result<BlobInfo>> CompleteAsync(TenantId tenant, UploadId upload, Digest digest, CancellationToken cancellationToken)
    {
        if (FolderOf(tenant, upload) is not { } folder) return BlobErrors.UploadNotFound(upload);
        var parts = Parts(folder);
        if (PartRules.Check(parts) is { } fault) return fault;
        // The parts are counted already: joined they take their place.
        if (!(await usage.ReserveAsync(tenant, isThere: true, cancellationToken)).TryGet(out var room, out var error)) return error;
        await using var content = new PartsStream([.. parts.Select(p => PathOf(folder, p.Number))]);
        var taken = await spool.TakeAsync(folders.Temporary(tenant), content, limits.BytesMax, room, sync: true, cancellationToken);
        if (!taken.TryGet(out var file, out error)) return error;
        using (file)
        {
            var isRight = file.Digest == digest;
            if (isRight && keep(tenant, file)) room.Keep();
            if (!isMounted()) return BlobErrors.NotMounted; // what was just kept is below the mount point
            Remove(tenant, folder);
            return isRight ? new BlobInfo(digest, file.Bytes, time.GetUtcNow()) : BlobErrors.Mismatch(digest, file.Digest);
        }
    }

    public Task<Result<Done>> AbortAsync(TenantId tenant, UploadId upload, CancellationToken cancellationToken)
    {
        if (FolderOf(tenant, upload) is { } folder) Remove(tenant, folder);
        return Task.FromResult<Result<Done>>(default(Done));
    }

    public Task<Result<Done>> RemoveExpiredAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - BlobLimits.UploadKept;
        foreach (var folder in All(tenant))
        {
            if (PartRules.StartOf(Path.GetFileName(folder)) < oldest) Remove(tenant, folder);
        }
        return Task.FromResult<Result<Done>>(default(Done));
    }

    /// <summary>Bytes of all parts.</summary>
    public long Measure(TenantId tenant) => All(tenant).Sum(folder => Parts(folder).Sum(p => p.Bytes));

    private static List<UploadPart> Parts(string folder) =>
    [
        .. new DirectoryInfo(folder).EnumerateFiles().Select(f => new UploadPart(int.Parse(f.Name, CultureInfo.InvariantCulture), f.Length))
        .OrderBy(p => p.Number),
    ];

    private static string PathOf(string folder, int number) => Path.Combine(folder, number.ToString("00000", CultureInfo.InvariantCulture));

    private string[] All(TenantId tenant) => Directory.Exists(folders.Uploads(tenant))
        ? Directory.GetDirectories(folders.Uploads(tenant)) : [];

    private string? FolderOf(TenantId tenant, UploadId upload)
    {
        if (!Guid.TryParseExact(upload.Value, "n", out var id)) return null;
        var folder = Path.Combine(folders.Uploads(tenant), id.ToString("n"));
        return Directory.Exists(folder) ? folder : null;
    }

    private void Remove(TenantId tenant, string folder)
    {
        try
        {
            var bytes = Parts(folder).Sum(p => p.Bytes);
            Directory.Delete(folder, recursive: true);
            usage.Remove(tenant, bytes);
        }
        catch (DirectoryNotFoundException)
        {
            // Someone else removed it at the same time, and subtracted it.
        }
    }
}
