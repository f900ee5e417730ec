using Amazon.S3.Model;
using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>
/// Blobs as objects of a bucket, which several servers use at once. Content is spooled to this machine's disk first, so that the bucket
/// gets only what is whole and has the right digest. A blob's object is written at once, or by a multipart upload that shows only when it
/// is complete. Requires a storage that shows a write to every later read and list, as S3 does.
/// </summary>
internal sealed class S3BlobStore : IS3BlobStore
{
    private const long QuotaDefault = 100L << 30;
    private const long PartBytes = 16 << 20;
    private const int PartsAtOnce = 4;

    private static readonly TimeSpan MeasuredFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AbortMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(300);

    private readonly S3Client client;
    private readonly S3Keys keys;
    private readonly S3Marks marks;
    private readonly S3Uploads uploads;
    private readonly BlobSpool spool;
    private readonly BlobUsage usage;
    private readonly TimeProvider time;
    private readonly TimeSpan deletionMax;
    private readonly string folder;

    public S3BlobStore(S3Options options, BlobLimits limits, TimeProvider time)
    {
        (this.time, folder, BytesMax, Description) = (time, options.SpoolFolder, limits.BytesMax, options.ToString());
        (client, keys) = (new S3Client(options), new S3Keys(options.Prefix));
        deletionMax = options.DeletionMax;
        marks = new S3Marks(client, keys, deletionMax, time);
        spool = new BlobSpool(new DiskReserve(folder, limits.ReserveBytes), time);
        usage = new BlobUsage(limits.QuotaBytes > 0 ? limits.QuotaBytes : QuotaDefault, MeasuredFor, time, MeasureAsync);
        uploads = new S3Uploads(this, client, keys, marks, spool, usage, folder, limits, time);
    }

    public long BytesMax { get; }

    public string Description { get; }

    public IBlobUploads Uploads => uploads;

    public void Dispose() => client.Dispose();

    public async Task<Result<BlobInfo>> PutAsync(TenantId tenant, Digest? expected, Stream content, CancellationToken cancellationToken)
    {
        var isThere = false;
        if (expected is { } known)
        {
            if (!(await FindAsync(tenant, known, cancellationToken)).TryGet(out var found, out var fault)) return fault;
            isThere = found is not null;
        }
        if (!(await usage.ReserveAsync(tenant, isThere, cancellationToken)).TryGet(out var room, out var error)) return error;
        using (room)
        {
            var taken = await spool.TakeAsync(folder, content, BytesMax, room, sync: false, cancellationToken);
            if (!taken.TryGet(out var file, out error)) return error;
            using (file)
            {
                if (expected is { } wanted && wanted != file.Digest) return BlobErrors.Mismatch(wanted, file.Digest);
                return await KeepAsync(tenant, file.Digest, file.Bytes, room, (key, stop) => SendAsync(key, file, stop), cancellationToken);
            }
        }
    }

    public async Task<Result<BlobContent>> GetAsync(TenantId tenant, Digest digest, long offset, CancellationToken cancellationToken)
    {
        var got = await client.GetAsync(keys.Blob(tenant, digest), offset, cancellationToken);
        if (!got.TryGet(out var response, out var error)) return error;
        if (response is null) return BlobErrors.NotFound(digest);
        var info = new BlobInfo(digest, offset + response.ContentLength, At(response.LastModified));
        return new BlobContent(info, response.ResponseStream);
    }

    public async Task<Result<BlobInfo>> HeadAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken) =>
        (await FindAsync(tenant, digest, cancellationToken)).Then<BlobInfo>(found => found is null ? BlobErrors.NotFound(digest) : found);

    public async Task<Result<BlobInfo>> RenewAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        if (!(await marks.IsProtectedAsync(tenant, digest, cancellationToken)).TryGet(out var isProtected, out var error)) return error;
        if (!isProtected)
        {
            if (await HeadAsync(tenant, digest, cancellationToken) is { Error: { } missing }) return missing; // without a mark
            if (!(await marks.UseAsync(tenant, digest, cancellationToken)).TryGet(out var use, out error)) return error;
            var asked = await marks.IsDeletedNowAsync(tenant, digest, use, cancellationToken);
            if (!asked.TryGet(out var isDeletedNow, out error)) return error;
            if (isDeletedNow) return BlobErrors.NotFound(digest); // uploaded again it stays
        }
        // Asked last: a deletion that has ended just now is seen here.
        return (await HeadAsync(tenant, digest, cancellationToken)).Then<BlobInfo>(found => found with { PutAt = time.GetUtcNow() });
    }

    public async Task<Result<bool>> DeleteAsync(
        TenantId tenant, Digest digest, DateTimeOffset putBefore, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(tenant, digest, cancellationToken)).TryGet(out var found, out var error)) return error;
        if (found is null || found.PutAt >= putBefore) return false;
        if (!(await marks.BeginDeletionAsync(tenant, digest, cancellationToken)).TryGet(out var deletion, out error)) return error;
        var deleted = await DeleteUnusedAsync(tenant, found, putBefore, deletion, cancellationToken);
        await deletion.EndAsync(cancellationToken);
        return deleted;
    }

    public async Task<Result<Page<BlobInfo>>> ListAsync(TenantId tenant, string? after, int max, CancellationToken cancellationToken)
    {
        var prefix = keys.Blobs(tenant);
        var listed = await client.ListAsync(prefix, after is null ? null : prefix + after, max, null, cancellationToken);
        return listed.Then<Page<BlobInfo>>(page =>
        {
            var objects = page.S3Objects ?? [];
            var blobs = new List<BlobInfo>(objects.Count);
            foreach (var item in objects)
            {
                if (Digest.TryParse(Digest.Prefix + item.Key[prefix.Length..], out var digest))
                    blobs.Add(new BlobInfo(digest, item.Size ?? 0, At(item.LastModified)));
            }
            return new Page<BlobInfo>(blobs, page.IsTruncated == true ? objects[^1].Key[prefix.Length..] : null);
        });
    }

    public async Task<Result<Page<TenantId>>> ListTenantsAsync(string? after, int max, CancellationToken cancellationToken)
    {
        // '0' follows '/': the key that comes after everything of an organization.
        var listed = await client.ListAsync(keys.Root, after is null ? null : $"{keys.Root}{after}0", max, "/", cancellationToken);
        return listed.Then<Page<TenantId>>(page =>
        {
            var names = (page.CommonPrefixes ?? []).ConvertAll(p => p[keys.Root.Length..].TrimEnd('/'));
            var tenants = names.Select(n => TenantId.TryParse(n, out var tenant) ? tenant : default).Where(t => t != default).ToList();
            return new Page<TenantId>(tenants, page.IsTruncated == true && names.Count > 0 ? names[^1] : null);
        });
    }

    public async Task<Result<Done>> GrantAsync(TenantId tenant, Digest digest, string project, CancellationToken cancellationToken) =>
        (await client.PutAsync(keys.Grant(tenant, digest, project), Stream.Null, cancellationToken)).Then<Done>(_ => default(Done));

    public async Task<Result<bool>> IsGrantedAsync(TenantId tenant, Digest digest, string project, CancellationToken cancellationToken) =>
        (await client.HeadAsync(keys.Grant(tenant, digest, project), cancellationToken)).Then<bool>(found => found is not null);

    /// <summary>Writes, lists and deletes a small object.</summary>
    public async Task<Result<Done>> CheckAsync(CancellationToken cancellationToken)
    {
        var key = $"{keys.Root}check/{Guid.CreateVersion7(time.GetUtcNow()):n}";
        var listed = await client.ListAsync(keys.Root, null, 1, null, cancellationToken);
        if (!listed.IsOk) return listed.Error;
        var written = await client.PutAsync(key, Stream.Null, cancellationToken);
        return written.IsOk ? await client.DeleteAsync(key, cancellationToken) : written.Error;
    }

    /// <summary>Protects a blob, then sends it unless it is there.</summary>
    /// <param name="send">Writes the object with the given key whole, or not at all.</param>
    internal async Task<Result<BlobInfo>> KeepAsync(
        TenantId tenant, Digest digest, long bytes, BlobUsage.Room room, Func<string, CancellationToken, Task<Result<Done>>> send,
        CancellationToken cancellationToken)
    {
        if (!(await marks.UseAsync(tenant, digest, cancellationToken)).TryGet(out var use, out var fault)) return fault;
        for (var start = time.GetTimestamp(); ; await Task.Delay(LookAgain, time, cancellationToken))
        {
            var asked = await marks.IsDeletedNowAsync(tenant, digest, use, cancellationToken);
            if (!asked.TryGet(out var isDeletedNow, out fault)) return fault;
            if (!isDeletedNow) break;
            if (time.GetElapsedTime(start) > deletionMax * 2)
                return BlobErrors.Unavailable(Description, "a deletion of the same content does not end");
        }
        if (!(await FindAsync(tenant, digest, cancellationToken)).TryGet(out var found, out var error)) return error;
        if (found is null)
        {
            var sent = await send(keys.Blob(tenant, digest), cancellationToken);
            if (!sent.IsOk) return sent.Error;
            room.Keep();
        }
        return new BlobInfo(digest, bytes, time.GetUtcNow());
    }

    /// <summary>A multipart upload that failed is aborted also where the caller no longer waits.</summary>
    internal async Task AbortAsync(string key, string upload)
    {
        using var timer = new CancellationTokenSource(AbortMax, time);
        try
        {
            await client.AbortUploadAsync(key, upload, timer.Token); // what stays expires
        }
        catch (OperationCanceledException)
        {
            // As above.
        }
    }

    private static DateTimeOffset At(DateTime? modified) => new(modified!.Value.ToUniversalTime());

    private async Task<Result<bool>> DeleteUnusedAsync(
        TenantId tenant, BlobInfo blob, DateTimeOffset putBefore, S3Deletion deletion, CancellationToken cancellationToken)
    {
        if (!(await marks.IsUsedSinceAsync(tenant, blob.Digest, putBefore, cancellationToken)).TryGet(out var isUsed, out var error))
            return error;
        if (isUsed) return false;
        var deleted = await deletion.DeleteAsync(keys.Blob(tenant, blob.Digest), cancellationToken);
        if (!deleted.IsOk) return deleted.Error;
        usage.Remove(tenant, blob.Bytes);
        var grants = await client.ListAsync(keys.Grants(tenant, blob.Digest), null, PageLimits.Max, null, cancellationToken);
        if (!grants.TryGet(out var page, out error)) return error;
        foreach (var grant in (page.S3Objects ?? []).Where(g => At(g.LastModified) < putBefore))
        {
            if (!(await deletion.DeleteAsync(grant.Key, cancellationToken)).TryGet(out _, out error)) return error;
        }
        return true;
    }

    private async Task<Result<BlobInfo?>> FindAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken) =>
        (await client.HeadAsync(keys.Blob(tenant, digest), cancellationToken))
        .Then<BlobInfo?>(head => head is null ? default(BlobInfo?) : new BlobInfo(digest, head.ContentLength, At(head.LastModified)));

    private async Task<Result<long>> MeasureAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        long bytes = 0;
        string? after = null;
        do
        {
            if (!(await ListAsync(tenant, after, PageLimits.Max, cancellationToken)).TryGet(out var page, out var error)) return error;
            bytes += page.Items.Sum(blob => blob.Bytes);
            after = page.Next;
        }
        while (after is not null);
        return bytes;
    }

    private async Task<Result<Done>> SendAsync(string key, SpooledBlob file, CancellationToken cancellationToken)
    {
        if (file.Bytes > PartBytes) return await SendInPartsAsync(key, file, cancellationToken);
        await using var content = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous);
        return (await client.PutAsync(key, content, cancellationToken)).Then<Done>(_ => default(Done));
    }

    private async Task<Result<Done>> SendInPartsAsync(string key, SpooledBlob file, CancellationToken cancellationToken)
    {
        if (!(await client.StartUploadAsync(key, cancellationToken)).TryGet(out var upload, out var error)) return error;
        var isComplete = false;
        try
        {
            var partBytes = Math.Max(PartBytes, file.Bytes / 1000);
            var tags = new PartETag[(file.Bytes + partBytes - 1) / partBytes];
            var failures = new System.Collections.Concurrent.ConcurrentQueue<Error>();
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = PartsAtOnce, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, tags.Length, parallel, async (i, stop) =>
            {
                if (!failures.IsEmpty) return;
                var offset = i * partBytes;
                var sent = await client.PutPartAsync(key, upload, i + 1, file.Path, offset, Math.Min(partBytes, file.Bytes - offset), stop);
                if (!sent.TryGet(out var part, out var fault)) failures.Enqueue(fault);
                else if (part is null) failures.Enqueue(BlobErrors.Unavailable(Description, "it lost an upload in parts"));
                else tags[i] = new PartETag(i + 1, part.ETag);
            });
            if (failures.TryPeek(out error)) return error;
            if (!(await client.CompleteUploadAsync(key, upload, [.. tags], cancellationToken)).TryGet(out var completed, out error))
                return error;
            isComplete = completed is not null;
            return isComplete ? default(Done) : BlobErrors.Unavailable(Description, "it lost an upload in parts");
        }
        finally
        {
            if (!isComplete) await AbortAsync(key, upload);
        }
    }
}
