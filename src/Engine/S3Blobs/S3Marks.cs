using Amazon.S3.Model;
using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>
/// Keeps a put on one server and a deletion on another from missing each other, without locks. Whoever puts or renews a blob first writes a mark
/// <c>used-ID</c> and then looks for marks <c>deleting-ID</c>; whoever deletes first writes <c>deleting-ID</c> and then looks for a recent
/// <c>used-ID</c>. The storage shows what was written to every later reader, so at least one of the two sees the other: the deletion gives up,
/// and the put waits until the deletion has ended. Each writer's mark has an id of its own, so removing one never removes another's.
/// </summary>
internal sealed class S3Marks(S3Client client, S3Keys keys, TimeProvider time)
{
    private const string Used = "used-";
    private const string Deleting = "deleting-"; // sorts before the others

    /// <summary>Longer than a deletion can take, each of its requests at its bound. What is older was left by a crash.</summary>
    public static readonly TimeSpan DeletingMax = TimeSpan.FromMinutes(3);

    /// <summary>How far the clocks of servers may be apart.</summary>
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(10);

    private const int RemovalsAtOnce = 8;

    /// <summary>Protects a blob from deletion.</summary>
    /// <returns>False where one is going on: the blob counts as gone, and may be put after it.</returns>
    public async Task<Result<bool>> UseAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        var written = await client.PutAsync(Name(tenant, digest, Used), Stream.Null, cancellationToken);
        if (!written.IsOk) return written.Error;
        var listed = await client.ListAsync(keys.Marks(tenant, digest) + Deleting, null, PageLimits.Max, null, cancellationToken);
        if (!listed.TryGet(out var found, out var error)) return error;
        return !(found.S3Objects ?? []).Exists(mark => AgeOf(mark) < DeletingMax);
    }

    /// <summary>Announces a deletion.</summary>
    /// <returns>The mark's key, to be removed when the deletion has ended.</returns>
    public async Task<Result<string>> BeginDeletionAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        var key = Name(tenant, digest, Deleting);
        return (await client.PutAsync(key, Stream.Null, cancellationToken)).Then<string>(_ => key);
    }

    /// <summary>Whether the blob was put or renewed since.</summary>
    public async Task<Result<bool>> IsUsedSinceAsync(TenantId tenant, Digest digest, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var start = $"{keys.Marks(tenant, digest)}{Used}{Guid.CreateVersion7(since - ClockSkewMax).ToString("n")[..12]}";
        var listed = await client.ListAsync(keys.Marks(tenant, digest) + Used, start, 1, null, cancellationToken);
        return listed.Then<bool>(found => found.S3Objects is { Count: > 0 });
    }

    public Task<Result<Done>> EndDeletionAsync(string mark, CancellationToken cancellationToken) => client.DeleteAsync(mark, cancellationToken);

    /// <summary>Removes marks that protect nothing any more.</summary>
    public async Task<Result<Done>> RemoveExpiredAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            if (!(await client.ListAsync(keys.Marks(tenant), after, PageLimits.Max, null, cancellationToken)).TryGet(out var page, out var error)) return error;
            var marks = page.S3Objects ?? [];
            var expired = marks.Where(m => AgeOf(m) > (m.Key.Contains("/" + Deleting, StringComparison.Ordinal) ? DeletingMax : BlobLimits.RenewalKept));
            foreach (var some in expired.Chunk(RemovalsAtOnce))
            {
                var removed = await Task.WhenAll(some.Select(m => client.DeleteAsync(m.Key, cancellationToken)));
                if (Array.Find(removed, r => !r.IsOk) is { Error: { } failed }) return failed;
            }
            after = page.IsTruncated == true ? marks[^1].Key : null;
        }
        while (after is not null);
        return default(Done);
    }

    private TimeSpan AgeOf(S3Object mark) => time.GetUtcNow() - new DateTimeOffset(mark.LastModified!.Value.ToUniversalTime());

    private string Name(TenantId tenant, Digest digest, string kind) => $"{keys.Marks(tenant, digest)}{kind}{Guid.CreateVersion7(time.GetUtcNow()):n}";
}
