using System.Runtime.CompilerServices;
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
    /// <summary>Reserved before a page is read, when its size is not known yet.</summary>
    private const int PageBytesExpected = 64 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ByteBudget budget = new("answers and bodies", new ShareSize(limits.MemoryBytesMax));

    public IEnumerable<ShareUse> Shares => [budget.Use];

    public long Used => budget.Used;

    /// <summary>The pages, each paid for until the next one is asked for.</summary>
    /// <exception cref="StrataException">SERVER_BUSY.</exception>
    public async IAsyncEnumerable<IReadOnlyList<EntityRevision>> BoundAsync(
        TenantId tenant, IAsyncEnumerable<IReadOnlyList<EntityRevision>> pages, [EnumeratorCancellation] CancellationToken cancellationToken)
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
    /// Waits until the organization's readers hold less than its share, and reserves a little; the caller charges what it reads, and
    /// disposes it.
    /// </summary>
    /// <exception cref="StrataException">SERVER_BUSY.</exception>
    public async ValueTask<ShareLease> EnterAsync(TenantId tenant, CancellationToken cancellationToken) =>
        (await budget.ReserveAsync(tenant, PageBytesExpected, Patience, time, cancellationToken)).Value;

    public Result<ShareLease> TryReserve(TenantId tenant, long bytes) => budget.TryReserve(tenant, bytes);

    public static void Charge(ShareLease lease, IReadOnlyList<EntityRevision> page)
    {
        var bytes = 0L;
        foreach (var revision in page) bytes += revision.Document.Utf8.Length;
        if (bytes > PageBytesExpected) lease.Charge(bytes - PageBytesExpected);
    }
}
