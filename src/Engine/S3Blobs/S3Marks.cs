using Amazon.S3.Model;
using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>
/// Keeps a put on one server and a deletion on another from missing each other, without locks. A put or renewal first writes a mark
/// <c>used-ID</c> and then looks for marks <c>deleting-ID</c>; a deletion first writes <c>deleting-ID</c> and then looks for a recent
/// <c>used-ID</c>. The storage shows what was written to every later reader, so at least one of the two sees the other: the deletion gives
/// up, and the put waits until the deletion has ended. Each writer's mark has an id of its own, so removing one never removes another's.
/// </summary>
/// <param name="deletionMax">See <see cref="S3Options.DeletionMax"/>.</param>
internal sealed class S3Marks(S3Client client, S3Keys keys, TimeSpan deletionMax, TimeProvider time)
{
    private const string Used = "used-";
    private const string Deleting = "deleting-"; // sorts before the others

    /// <summary>How far the clocks of servers, and of the storage, may be apart.</summary>
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(10);

    /// <summary>A renewal this soon after another use writes no mark of its own; a deletion looks back further by as much.</summary>
    private static readonly TimeSpan SharedFor = TimeSpan.FromMinutes(30);

    private const int RemovalsAtOnce = 8;

    /// <summary>Whether a recent use protects the blob already, and no deletion is going on.</summary>
    public async Task<Result<bool>> IsProtectedAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        var recent = UsedAt(tenant, digest, time.GetUtcNow() - SharedFor);
        var listed = await client.ListAsync(keys.Marks(tenant, digest), null, PageLimits.Max, null, cancellationToken);
        return listed.Then<bool>(found =>
        {
            var marks = found.S3Objects ?? [];
            var isWhole = found.IsTruncated != true;
            return isWhole && !marks.Exists(IsDeletion) && marks.Exists(mark => string.CompareOrdinal(mark.Key, recent) > 0);
        });
    }

    /// <summary>Protects a blob from every deletion that begins later. For others see <see cref="IsDeletedNowAsync"/>.</summary>
    public async Task<Result<Use>> UseAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        var key = Name(tenant, digest, Used);
        return (await client.PutAsync(key, Stream.Null, cancellationToken)).Then<Use>(_ => new Use(key, time.GetTimestamp()));
    }

    /// <summary>
    /// Whether a deletion is going on: the blob counts as gone, and may be put after it. The age of its mark is the difference between two
    /// times of the storage, so that no server's clock matters.
    /// </summary>
    public async Task<Result<bool>> IsDeletedNowAsync(TenantId tenant, Digest digest, Use use, CancellationToken cancellationToken)
    {
        var listed = await client.ListAsync(keys.Marks(tenant, digest) + Deleting, null, PageLimits.Max, null, cancellationToken);
        if (!listed.TryGet(out var found, out var error)) return error;
        if (found.S3Objects is not { Count: > 0 } deletions) return false;
        if (!(await client.HeadAsync(use.Key, cancellationToken)).TryGet(out var own, out error)) return error;
        if (own is null) return true; // without its mark nothing is protected
        var now = At(own.LastModified) + time.GetElapsedTime(use.Written);
        return deletions.Exists(mark => now - At(mark.LastModified) < deletionMax);
    }

    /// <summary>Announces a deletion. End it when all is done.</summary>
    public async Task<Result<S3Deletion>> BeginDeletionAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        // Before the mark is written: its time counts from here.
        var deletion = new S3Deletion(client, Name(tenant, digest, Deleting), deletionMax, time);
        return (await client.PutAsync(deletion.Mark, Stream.Null, cancellationToken)).Then<S3Deletion>(_ => deletion);
    }

    /// <summary>Whether the blob was put or renewed since.</summary>
    public async Task<Result<bool>> IsUsedSinceAsync(
        TenantId tenant, Digest digest, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var start = UsedAt(tenant, digest, since - ClockSkewMax - SharedFor);
        var listed = await client.ListAsync(keys.Marks(tenant, digest) + Used, start, 1, null, cancellationToken);
        return listed.Then<bool>(found => found.S3Objects is { Count: > 0 });
    }

    /// <summary>Removes marks that no longer protect anything.</summary>
    public async Task<Result<Done>> RemoveExpiredAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            if (!(await client.ListAsync(keys.Marks(tenant), after, PageLimits.Max, null, cancellationToken))
                .TryGet(out var page, out var error)) return error;
            var marks = page.S3Objects ?? [];
            foreach (var some in marks.Where(IsExpired).Chunk(RemovalsAtOnce))
            {
                var removed = await Task.WhenAll(some.Select(m => client.DeleteAsync(m.Key, cancellationToken)));
                if (Array.Find(removed, r => !r.IsOk) is { Error: { } failed }) return failed;
            }
            after = page.IsTruncated == true ? marks[^1].Key : null;
        }
        while (after is not null);
        return default(Done);
    }

    private static bool IsDeletion(S3Object mark) => mark.Key.Contains("/" + Deleting, StringComparison.Ordinal);

    private static DateTimeOffset At(DateTime? modified) => new(modified!.Value.ToUniversalTime());

    private bool IsExpired(S3Object mark) =>
        time.GetUtcNow() - At(mark.LastModified) > ClockSkewMax + (IsDeletion(mark) ? deletionMax : BlobLimits.RenewalKept + SharedFor);

    /// <summary>Sorts before the marks of uses since, and after those of earlier ones.</summary>
    private string UsedAt(TenantId tenant, Digest digest, DateTimeOffset at) =>
        $"{keys.Marks(tenant, digest)}{Used}{Guid.CreateVersion7(at).ToString("n")[..12]}";

    private string Name(TenantId tenant, Digest digest, string kind) =>
        $"{keys.Marks(tenant, digest)}{kind}{Guid.CreateVersion7(time.GetUtcNow()):n}";

    /// <summary>A use that is marked.</summary>
    /// <param name="Key">Of its mark.</param>
    /// <param name="Written">Timestamp of this machine, not before the storage's time of the mark.</param>
    internal sealed record Use(string Key, long Written);
}
