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
}
