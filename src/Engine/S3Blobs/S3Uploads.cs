using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3.Model;
using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>
/// Uploads in parts as multipart uploads of the storage to an object <c>ORG/uploads/ID</c>, which is read back and hashed when it is
/// complete, and then copied by the storage to its place. The id of an upload holds that of the object and the storage's own, so that any
/// server can continue. Parts of open uploads are not counted as used before they are complete, but are checked against the quota.
/// </summary>
internal sealed class S3Uploads(
    S3BlobStore store, S3Client client, S3Keys keys, S3Marks marks, BlobSpool spool, BlobUsage usage, string folder, BlobLimits limits,
    TimeProvider time) : IBlobUploads
{
    public async Task<Result<UploadId>> StartAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (!(await client.ListUploadsAsync(keys.Uploads(tenant), null, null, cancellationToken)).TryGet(out var open, out var error))
            return error;
        if (open.MultipartUploads is { Count: >= BlobLimits.UploadsMax }) return BlobErrors.UploadsExhausted(BlobLimits.UploadsMax);
        var id = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");
        var started = await client.StartUploadAsync(keys.Uploads(tenant) + id, cancellationToken);
        return started.Then<UploadId>(own => new UploadId($"{id}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(own))}"));
    }

    public async Task<Result<UploadPart>> PutPartAsync(
        TenantId tenant, UploadId upload, int number, Stream content, CancellationToken cancellationToken)
    {
        if (PartRules.Check(number) is { } fault) return fault;
        if (!(await FindAsync(tenant, upload, cancellationToken)).TryGet(out var found, out var error)) return error;
        var before = found.Parts.Where(p => p.PartNumber != number).Sum(p => p.Size ?? 0);
        if (!(await usage.ReserveAsync(tenant, isThere: false, cancellationToken)).TryGet(out var room, out error)) return error;
        using (room)
        {
            if (room.TryAdd(before) is { } full) return full;
            var taken = await spool.TakeAsync(folder, content, BlobLimits.PartBytesMax, room, sync: false, cancellationToken);
            if (!taken.TryGet(out var file, out error)) return PartRules.Of(error);
            using (file)
            {
                if (before + file.Bytes > limits.BytesMax) return BlobErrors.TooLarge(limits.BytesMax);
                if (!(await client.PutPartAsync(found.Key, found.Own, number, file.Path, 0, file.Bytes, cancellationToken))
                    .TryGet(out var sent, out error)) return error;
                return sent is null ? BlobErrors.UploadNotFound(upload) : new UploadPart(number, file.Bytes);
            }
        }
    }

    public async Task<Result<IReadOnlyList<UploadPart>>> ListPartsAsync(
        TenantId tenant, UploadId upload, CancellationToken cancellationToken) =>
        (await FindAsync(tenant, upload, cancellationToken)).Then(found => Result.Of<IReadOnlyList<UploadPart>>(PartsOf(found)));

    public async Task<Result<BlobInfo>> CompleteAsync(TenantId tenant, UploadId upload, Digest digest, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(tenant, upload, cancellationToken)).TryGet(out var found, out var error)) return error;
        if (PartRules.Check(PartsOf(found)) is { } fault) return fault;
        if (!(await usage.ReserveAsync(tenant, isThere: false, cancellationToken)).TryGet(out var room, out error)) return error;
        using (room)
        {
            if (room.TryAdd(found.Parts.Sum(p => p.Size ?? 0)) is { } full) return full;
            var tags = found.Parts.ConvertAll(p => new PartETag(p.PartNumber!.Value, p.ETag));
            if (!(await client.CompleteUploadAsync(found.Key, found.Own, tags, cancellationToken)).TryGet(out var completed, out error))
                return error;
            if (completed is null) return BlobErrors.UploadNotFound(upload);
            if (!(await HashAsync(found.Key, cancellationToken)).TryGet(out var actual, out error)) return error; // what it leaves expires
            var kept = actual == digest
                ? await store.KeepAsync(
                    tenant, digest, room.Bytes, room, async (key, stop) =>
                        (await client.CopyAsync(found.Key, key, stop)).Then<Done>(_ => default(Done)), cancellationToken)
                : BlobErrors.Mismatch(digest, actual);
            await client.DeleteAsync(found.Key, cancellationToken);
            return kept;
        }
    }

    public async Task<Result<Done>> AbortAsync(TenantId tenant, UploadId upload, CancellationToken cancellationToken) =>
        KeyOf(tenant, upload) is var (key, own) ? await client.AbortUploadAsync(key, own, cancellationToken) : default(Done);

    public async Task<Result<Done>> RemoveExpiredAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - BlobLimits.UploadKept;
        // Those of large blobs that a crash left, too.
        foreach (var prefix in (string[])[keys.Uploads(tenant), keys.Blobs(tenant)])
        {
            if (await AbortOldAsync(prefix, oldest, cancellationToken) is { } error) return error;
        }
        // Complete, and never copied to their place: the server that did so died.
        if (!(await client.ListAsync(keys.Uploads(tenant), null, PageLimits.Max, null, cancellationToken))
            .TryGet(out var left, out var fault)) return fault;
        foreach (var item in (left.S3Objects ?? []).Where(o => o.LastModified!.Value.ToUniversalTime() < oldest.UtcDateTime))
        {
            if (!(await client.DeleteAsync(item.Key, cancellationToken)).TryGet(out _, out fault)) return fault;
        }
        return await marks.RemoveExpiredAsync(tenant, cancellationToken);
    }

    private static List<UploadPart> PartsOf(Found found) => found.Parts.ConvertAll(p => new UploadPart(p.PartNumber!.Value, p.Size ?? 0));

    private async Task<Error?> AbortOldAsync(string prefix, DateTimeOffset oldest, CancellationToken cancellationToken)
    {
        string? key = null, upload = null;
        do
        {
            if (!(await client.ListUploadsAsync(prefix, key, upload, cancellationToken)).TryGet(out var page, out var error)) return error;
            foreach (var item in (page.MultipartUploads ?? []).Where(u => u.Initiated!.Value.ToUniversalTime() < oldest.UtcDateTime))
            {
                if (!(await client.AbortUploadAsync(item.Key, item.UploadId, cancellationToken)).TryGet(out _, out error)) return error;
            }
            (key, upload) = page.IsTruncated == true ? (page.NextKeyMarker, page.NextUploadIdMarker) : (null, null);
        }
        while (key is not null);
        return null;
    }

    private (string Key, string Own)? KeyOf(TenantId tenant, UploadId upload)
    {
        var parts = upload.Value.Split('.');
        if (parts.Length != 2 || !Guid.TryParseExact(parts[0], "n", out var id) || !Base64Url.IsValid(parts[1])) return null;
        return (keys.Uploads(tenant) + id.ToString("n"), Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])));
    }

    private async Task<Result<Found>> FindAsync(TenantId tenant, UploadId upload, CancellationToken cancellationToken)
    {
        if (KeyOf(tenant, upload) is not var (key, own)) return BlobErrors.UploadNotFound(upload);
        var parts = new List<PartDetail>();
        string? after = null;
        do
        {
            if (!(await client.ListPartsAsync(key, own, after, cancellationToken)).TryGet(out var page, out var error)) return error;
            if (page is null) return BlobErrors.UploadNotFound(upload);
            parts.AddRange(page.Parts ?? []);
            after = page.IsTruncated == true && parts.Count > 0 ? parts[^1].PartNumber.ToString() : null;
        }
        while (after is not null);
        return new Found(key, own, parts);
    }

    private async Task<Result<Digest>> HashAsync(string key, CancellationToken cancellationToken)
    {
        if (!(await client.GetAsync(key, 0, cancellationToken)).TryGet(out var content, out var error)) return error;
        if (content is null) return BlobErrors.Unavailable(store.Description, "it lost an upload in parts");
        using (content)
        {
            try
            {
                return Digest.FromHash(await SHA256.HashDataAsync(content.ResponseStream, cancellationToken));
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                return BlobErrors.Unavailable(store.Description, e.Message.TrimEnd('.'));
            }
        }
    }

    private sealed record Found(string Key, string Own, List<PartDetail> Parts);
}
