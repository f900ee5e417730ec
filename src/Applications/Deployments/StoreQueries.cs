using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Deployments;

/// <summary>Conditions and ids that this module asks stores for.</summary>
internal static class StoreQueries
{
    private static readonly Field Deployment = new Field.Path(JsonPath.Parse("$.spec.deployment"));

    /// <summary>Resources whose <c>spec.deployment</c> is this id.</summary>
    public static Condition OfDeployment(string id) => new Condition.Compare(Deployment, Operator.Equal, [JsonText.From(id, WireJson.Of<string>())]);

    /// <summary>The tenant that a resource's <c>org</c> names.</summary>
    public static TenantId Tenant(string org) => IdText.TryParse("org", org, out var id) ? new TenantId(id) : throw new FormatException($"\"{org}\" is not an organization's id.");

    /// <summary>The entity that a resource's id names.</summary>
    public static EntityId Entity(string prefix, string id) => IdText.TryParse(prefix, id, out var value) ? new EntityId(value) : throw new FormatException($"\"{id}\" is not an id of kind {prefix}.");
}
