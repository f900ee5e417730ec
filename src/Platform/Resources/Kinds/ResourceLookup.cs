using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>Finds a resource by name or id.</summary>
public sealed class ResourceLookup(IEntityLog log, Kind kind)
{
    private static readonly JsonPath NamePath = JsonPath.Parse("$.name");

    /// <summary>
    /// Where the resource lives: its tenant and entity. A name is looked up as of now; an id is not checked for existence within one
    /// tenant.
    /// </summary>
    public async ValueTask<Result<ResourceKey>> FindAsync(Caller caller, string nameOrId, CancellationToken cancellationToken)
    {
        var tenant = kind.TenantOf(caller);
        var isId = kind.TryParseId(nameOrId, out var id);
        if (tenant == TenantId.Platform && kind.Scope != KindScope.Platform)
            return await FindAnywhereAsync(isId, id, nameOrId, cancellationToken);
        if (isId) return new ResourceKey(tenant, id);
        if (!ResourceName.IsValid(nameOrId)) return ResourceErrors.NotFound(kind, nameOrId);
        var found = await log.FindAsync(tenant, kind.Model.Name, Kind.NameClaim(nameOrId), cancellationToken);
        return found is { } entity ? new ResourceKey(tenant, entity) : ResourceErrors.NotFound(kind, nameOrId);
    }

    /// <summary>The revision as of then. A name that is unknown now, or was another's then, is looked for as of then.</summary>
    public async ValueTask<Result<EntityRevision>> ReadAsync(Caller caller, string nameOrId, AsOf asOf, CancellationToken cancellationToken)
    {
        var key = await FindAsync(caller, nameOrId, cancellationToken);
        if (key.IsOk && await log.ReadAsync(key.Value.Tenant, key.Value.Id, asOf, cancellationToken) is { } revision
            && revision.Model == kind.Model) return revision;
        if (!key.IsOk && key.Error.Kind != ErrorKind.NotFound) return key.Error;
        return asOf.IsLatest || !ResourceName.IsValid(nameOrId)
            ? ResourceErrors.NotFound(kind, nameOrId)
            : await ReadByNameThenAsync(kind.TenantOf(caller), nameOrId, asOf, cancellationToken);
    }

    private async ValueTask<Result<EntityRevision>> ReadByNameThenAsync(
        TenantId tenant, string name, AsOf asOf, CancellationToken cancellationToken)
    {
        var named = new Condition.Compare(new Field.Path(NamePath), Operator.Equal, [JsonText.From(name, WireJson.Of<string>())]);
        var found = await log.ScanAsync(
            new Scan { Tenant = tenant, Model = kind.Model, Where = named, AsOf = asOf, Limit = 1 }, cancellationToken);
        return found is [var revision] ? revision : ResourceErrors.NotFound(kind, name);
    }

    /// <summary>For the platform's own parts, which see every organization and so have no tenant to look in.</summary>
    private async ValueTask<Result<ResourceKey>> FindAnywhereAsync(
        bool isId, EntityId id, string nameOrId, CancellationToken cancellationToken)
    {
        if (!isId) return ResourceErrors.OrgNeeded(kind, nameOrId);
        var thatOne = new Condition.Compare(
            new Field.Meta(MetaField.Id), Operator.Equal, [JsonText.From(id.ToString(), WireJson.Of<string>())]);
        var found = await log.ScanAsync(new Scan { Tenant = null, Model = kind.Model, Where = thatOne, Limit = 1 }, cancellationToken);
        return found is [var revision] ? new ResourceKey(revision.Tenant, id) : ResourceErrors.NotFound(kind, nameOrId);
    }
}

/// <summary>Where a resource lives.</summary>
public readonly record struct ResourceKey(TenantId Tenant, EntityId Id);
