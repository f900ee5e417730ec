using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Workflows;

/// <summary>
/// Finds audit events in an entity's history. A search that skips too much returns what it found and where to resume. Safe for concurrent
/// use.
/// </summary>
internal sealed class AuditTrail(IEntityLog log)
{
    /// <summary>Commits looked at by one request.</summary>
    public const int CommitsMax = 10_000;

    private const int BatchSize = 200;

    /// <summary>Null if the entity never existed, or belongs to the platform.</summary>
    public async ValueTask<AuditPage?> FindAsync(TenantId tenant, EntityId id, AuditQuery query, CancellationToken cancellationToken)
    {
        var newest = await log.TrailAsync(tenant, id, null, 1, cancellationToken);
        if (newest.Count == 0 || EntityCall.IsPlatforms(newest[0].Model)) return null;
        var items = new List<AuditItem>();
        var before = await StartAsync(tenant, query, cancellationToken);
        for (var seen = 0; seen < CommitsMax; seen += BatchSize)
        {
            var batch = await log.TrailAsync(tenant, id, before, BatchSize, cancellationToken);
            items.AddRange(batch.Where(query.Wants).SelectMany(AuditItem.Of).Where(query.Wants).Take(query.Limit + 1 - items.Count));
            if (items.Count > query.Limit) return new AuditPage(items[..query.Limit], items[query.Limit - 1].Position);
            if (batch.IsLast || IsPast(query, batch[^1])) return new AuditPage(items, null);
            before = batch[^1].Revision;
        }
        return new AuditPage(items, new AuditPosition(before!.Value, AuditItem.LastIndex));
    }

    /// <summary>One transaction's steps on an entity, or null if it did not touch it.</summary>
    public async ValueTask<EntityRevision?> FindAsync(
        TenantId tenant, EntityId id, CommitId transaction, CancellationToken cancellationToken)
    {
        if (await log.FindCommitAsync(tenant, transaction, cancellationToken) is not { } at) return null;
        var found = await log.TrailAsync(tenant, id, new Revision(at.Value + 1), 1, cancellationToken);
        return found.Count == 1 && found[0].Commit == transaction && !EntityCall.IsPlatforms(found[0].Model) ? found[0] : null;
    }

    private async ValueTask<Revision?> StartAsync(TenantId tenant, AuditQuery query, CancellationToken cancellationToken)
    {
        Revision? before = query.After is { } after ? new Revision(after.Revision.Value + 1) : null;
        if (query.Transaction is not { } transaction) return before;
        // One commit is one revision, so nothing else need be looked at; an unknown one is in no commit at all.
        var at = await log.FindCommitAsync(tenant, transaction, cancellationToken) ?? Revision.None;
        return before is { } bound && bound.Value <= at.Value ? before : new Revision(at.Value + 1);
    }

    private static bool IsPast(AuditQuery query, EntityRevision oldest) => query.Transaction is not null || oldest.ChangedAt < query.From;
}

/// <param name="Next">Where to resume; null: that was all.</param>
internal sealed record AuditPage(IReadOnlyList<AuditItem> Items, AuditPosition? Next);
