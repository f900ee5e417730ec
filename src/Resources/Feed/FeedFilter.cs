using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>What a follower wants to be told of.</summary>
/// <param name="Tenant">Null: of every organization, each in the order of its own log.</param>
/// <param name="Models">Names of models; null: all.</param>
public sealed record FeedFilter(TenantId? Tenant = null, IReadOnlySet<string>? Models = null)
{
    internal bool Wants(TenantId tenant) => Tenant is null || Tenant == tenant;

    internal bool Wants(EntityRevision change) => Wants(change.Tenant) && (Models is null || Models.Contains(change.Model.Name));
}
