using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Log;

namespace Strata.Api.Shares;

/// <summary>
/// The memory that answers take while they are sent, and large bodies while they are read, shared by organizations. A reader pays for each
/// page that it holds; one whose organization uses its share waits before it reads its next page, and gets SERVER_BUSY where nothing
/// becomes free in time. Safe for concurrent use.
/// </summary>
public sealed class AnswerMemory(ApiLimits limits, TimeProvider time) : IShareReport
{
    /// <summary>The least that a page counts; a single document up to this size is not counted.</summary>
    private const int SmallBytes = 64 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Reserved before a page is read, when its size is not known yet: a full page, or less of a small budget.</summary>
    private readonly long pageBytes = Math.Min(PageSize.BytesDefault, limits.MemoryBytesMax / 8);

    private readonly ByteBudget budget = new("answers and bodies", new ShareSize(limits.MemoryBytesMax));

    public IEnumerable<ShareUse> Shares => [budget.Use];

    public long Used => budget.Used;

    /// <summary>The pages, each paid for until the next one is asked for.</summary>
    /// <exception cref="StrataException">SERVER_BUSY.</exception>
    public async IAsyncEnumerable<IReadOnlyList<EntityRevision>> BoundAsync(
        TenantId tenant, IAsyncEnumerable<IReadOnlyList<EntityRevision>> pages,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var source = pages.GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            using var lease = await EnterAsync(tenant, cancellationToken);
            if (!await source.MoveNextAsync()) yield break;
            Charge(lease, source.Current);
            yield return source.Current;
        }
    }

    /// <summary>
    /// Waits until a full page fits into the organization's share, and reserves it; the caller charges what it has read, which returns
    /// the rest, and disposes it.
    /// </summary>
    /// <exception cref="StrataException">SERVER_BUSY.</exception>
    public ValueTask<ShareLease> EnterAsync(TenantId tenant, CancellationToken cancellationToken) =>
        EnterAsync(tenant, pageBytes, cancellationToken);

    /// <summary>The same for pages of at most <paramref name="bytes"/>.</summary>
    /// <exception cref="StrataException">SERVER_BUSY.</exception>
    public async ValueTask<ShareLease> EnterAsync(TenantId tenant, long bytes, CancellationToken cancellationToken) =>
        (await budget.ReserveAsync(tenant, Math.Min(bytes, pageBytes), Patience, time, cancellationToken)).Value;

    /// <summary>The same for a list that is held whole until it is sent; one beyond the organization's share goes alone.</summary>
    /// <exception cref="StrataException">SERVER_BUSY.</exception>
    public async ValueTask<ShareLease> EnterWholeAsync(TenantId tenant, long bytes, CancellationToken cancellationToken) =>
        (await budget.ReserveAsync(tenant, bytes, Patience, time, cancellationToken)).Value;

    public Result<ShareLease> TryReserve(TenantId tenant, long bytes) => budget.TryReserve(tenant, bytes);

    /// <summary>
    /// Counts a single document until the request is over. A small one is not counted. It is in memory already, so where it does not fit it
    /// is refused at once: those who wait would hold what they wait for.
    /// </summary>
    /// <returns>SERVER_BUSY, or null.</returns>
    public Error? Hold(HttpContext http, TenantId tenant, EntityRevision revision)
    {
        var bytes = revision.Document.Utf8.Length;
        if (bytes <= SmallBytes) return null;
        if (!budget.TryReserve(tenant, bytes).TryGet(out var lease, out var busy)) return busy;
        http.Response.RegisterForDispose(lease);
        return null;
    }

    /// <summary>Makes the lease hold what the page takes: returns what was reserved beyond it, or adds what is missing.</summary>
    public static void Charge(ShareLease lease, IReadOnlyList<EntityRevision> page)
    {
        var bytes = BytesOf(page);
        var reserved = lease.Amount;
        bytes = Math.Max(bytes, Math.Min(reserved, SmallBytes));
        if (bytes > reserved) lease.Charge(bytes - reserved);
        else lease.Return(reserved - bytes);
    }

    /// <summary>What a list of documents counts.</summary>
    public static long BytesOf(IReadOnlyList<EntityRevision> list)
    {
        var bytes = 0L;
        foreach (var revision in list) bytes += revision.Document.Utf8.Length;
        return bytes;
    }
}
