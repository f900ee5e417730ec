using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>The changes that a follower wants.</summary>
/// <param name="Tenant">Null: of every organization, each in the order of its own log.</param>
/// <param name="Models">Null: all, the platform's own too.</param>
public sealed record FeedFilter(TenantId? Tenant = null, ModelFilter? Models = null)
{
    internal ModelFilter ModelsOrAll => Models ?? ModelFilter.All;

    internal bool Wants(TenantId tenant) => Tenant is null || Tenant == tenant;

    internal bool Wants(EntityRevision change) => Wants(change.Tenant) && ModelsOrAll.Wants(change.Model);
}
