using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>Whether an organization may be used at all.</summary>
public static class OrganizationLife
{
    /// <returns>False for an organization that does not exist, is deleted or is being deleted; true for the platform itself.</returns>
    public static async ValueTask<bool> IsActiveAsync(this IEntityLog log, TenantId tenant, CancellationToken cancellationToken)
    {
        if (tenant == TenantId.Platform) return true;
        var organization = await log.ReadAsync(TenantId.Platform, new EntityId(tenant.Value), AsOf.Latest, cancellationToken);
        return organization is { State: OrganizationKind.Active } && organization.Model == OrganizationKind.Kind.Model;
    }

    /// <returns>True for an organization that existed and is deleted; false for one that never was, as in tests, and for the platform
    /// itself.</returns>
    public static async ValueTask<bool> IsDeletedAsync(this IEntityLog log, TenantId tenant, CancellationToken cancellationToken)
    {
        if (tenant == TenantId.Platform) return false;
        var id = new EntityId(tenant.Value);
        return await log.ReadAsync(TenantId.Platform, id, AsOf.Latest, cancellationToken) is null
            && (await log.HistoryAsync(TenantId.Platform, id, null, 1, cancellationToken)).Count > 0;
    }
}
