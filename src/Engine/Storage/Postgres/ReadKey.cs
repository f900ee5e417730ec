using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>One entity that someone wants to read: its newest revision within both bounds.</summary>
/// <param name="Until">No revision above it is wanted; null: as <paramref name="AsOf"/> says alone.</param>
internal readonly record struct ReadKey(TenantId Tenant, EntityId Id, AsOf AsOf, Revision? Until = null)
{
    public long RevisionMax => (AsOf.Revision ?? Until)?.Value ?? long.MaxValue;

    public DateTimeOffset TimeMax => AsOf.Time?.ToUniversalTime() ?? DateTimeOffset.MaxValue;

    public bool Admits(EntityRevision revision) => revision.Revision.Value <= RevisionMax && revision.ChangedAt <= TimeMax;
}

/// <summary>A read that waits for its answer.</summary>
/// <param name="askedAt">A timestamp of the clock.</param>
internal sealed class ReadRequest(ReadKey key, long askedAt, CancellationToken cancellationToken)
    : TaskCompletionSource<EntityRevision?>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public ReadKey Key => key;

    public long AskedAt => askedAt;

    public CancellationToken CancellationToken => cancellationToken;
}
