using Strata.Core;

namespace Strata.Deployments;

/// <summary>Ids for this module's queries.</summary>
internal static class StoreQueries
{
    /// <summary>The tenant that a resource's <c>org</c> names.</summary>
    public static TenantId Tenant(string org) => IdText.TryParse("org", org, out var id)
        ? new TenantId(id) : throw new FormatException($"\"{org}\" is not an organization's id.");

    /// <summary>The entity that a resource's id names.</summary>
    public static EntityId Entity(string prefix, string id) => IdText.TryParse(prefix, id, out var value)
        ? new EntityId(value) : throw new FormatException($"\"{id}\" is not an id of kind {prefix}.");
}
