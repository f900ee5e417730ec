using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Informers;

/// <summary>
/// The typed side of a <see cref="KindInformer"/>: resources are read from their documents when they are asked for. Safe for concurrent
/// use.
/// </summary>
public sealed class Informer<TSpec, TStatus>(KindInformer informer, ResourceStore<TSpec, TStatus> store)
{
    public KindInformer Untyped => informer;

    /// <summary>Null where it is not there, or cannot be read.</summary>
    public Resource<TSpec, TStatus>? Get(TenantId tenant, string id) =>
        informer.Kind.TryParseId(id, out var entity) && informer.Get(new ResourceKey(tenant, entity)) is { } found
            ? store.TryToResource(found) : null;

    /// <summary>What an index holds under a key, oldest first.</summary>
    public IReadOnlyList<Resource<TSpec, TStatus>> Find(InformerIndex index, TenantId tenant, string key) =>
        Read(informer.Find(index, tenant, key));

    /// <summary>Those of all organizations, or of one; oldest first. Costs what it returns.</summary>
    public IReadOnlyList<Resource<TSpec, TStatus>> All(TenantId? tenant) => Read(informer.All(tenant));

    /// <inheritdoc cref="ResourceStore{TSpec,TStatus}.TryToResource"/>
    public Resource<TSpec, TStatus>? TryToResource(EntityRevision revision) => store.TryToResource(revision);

    private List<Resource<TSpec, TStatus>> Read(IReadOnlyList<EntityRevision> found)
    {
        var resources = new List<Resource<TSpec, TStatus>>(found.Count);
        foreach (var revision in found.OrderBy(r => r.Id.Value))
        {
            if (store.TryToResource(revision) is { } resource) resources.Add(resource);
        }
        return resources;
    }
}
