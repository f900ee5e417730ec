using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>Which part of a tenant's log to read.</summary>
public sealed record Follow
{
    /// <summary>
    /// Documents of one page together, so that many who read at once stay small. A commit is returned whole all the same.
    /// </summary>
    public const int BytesMax = 1 << 20;

    public required TenantId Tenant { get; init; }

    /// <summary>What is behind this revision.</summary>
    public required Revision After { get; init; }

    /// <summary>Changes of one page; a commit that holds more is returned whole all the same.</summary>
    public required int Limit { get; init; }

    public ModelFilter Models { get; init; } = ModelFilter.All;

    public bool WithAudit { get; init; }
}

/// <summary>One page of a tenant's log.</summary>
/// <param name="Changes">Those that were asked for, in order, whole commits only.</param>
/// <param name="Position">Up to where the log has been read: what follows is after it. Includes what was skipped.</param>
public sealed record FollowPage(IReadOnlyList<EntityRevision> Changes, Revision Position);

public static class FollowExtensions
{
    /// <summary>The changes of every model behind a revision; empty when there is nothing yet.</summary>
    public static async ValueTask<IReadOnlyList<EntityRevision>> FollowAsync(
        this IEntityLog log, TenantId tenant, Revision after, int limit, CancellationToken cancellationToken) =>
        (await log.FollowAsync(new Follow { Tenant = tenant, After = after, Limit = limit }, cancellationToken)).Changes;
}
