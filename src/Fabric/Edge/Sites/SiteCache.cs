namespace Strata.Edge.Sites;

/// <summary>
/// Keeps small files in memory once they have been requested, up to a total. When it is full, files that were not used since the last pass
/// go first ("second chance"). Hits take no lock. Thread-safe.
/// </summary>
internal sealed class SiteCache(SiteLimits limits)
{
    private readonly Lock gate = new();
    private readonly Queue<SiteVariant> kept = new();
    private long bytes;

    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>The bytes if they are in memory or small enough to get there; null: send the file.</summary>
    public async ValueTask<byte[]?> GetAsync(Site site, SiteVariant variant)
    {
        if (variant.Kept is { } present)
        {
            variant.IsUsed = true;
            return present;
        }
        if (variant.Length > limits.CachedFileBytesMax) return null;
        var content = await File.ReadAllBytesAsync(Path.Combine(site.Folder, variant.FileName));
        Keep(variant, content);
        return content;
    }

    private void Keep(SiteVariant variant, byte[] content)
    {
        lock (gate)
        {
            if (variant.Kept is not null) return;
            while (bytes + content.Length > limits.CacheBytesMax && kept.TryDequeue(out var oldest)) MakeRoom(oldest);
            variant.Kept = content;
            kept.Enqueue(variant);
            bytes += content.Length;
        }
    }

    private void MakeRoom(SiteVariant oldest)
    {
        if (oldest.IsUsed)
        {
            oldest.IsUsed = false;
            kept.Enqueue(oldest);
            return;
        }
        bytes -= oldest.Kept!.Length;
        oldest.Kept = null;
    }
}
