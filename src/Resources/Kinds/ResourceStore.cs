using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;

namespace Strata.Resources.Kinds;

/// <summary>The verbs on one kind's resources, typed. Safe for concurrent use.</summary>
public sealed class ResourceStore<TSpec, TStatus>(EntityEngine engine, Kind<TSpec, TStatus> kind, TimeProvider time)
{
    /// <summary>By name or id; NOT_FOUND otherwise. A name is resolved as of now, even when the read is as of then.</summary>
    public ValueTask<Result<Resource<TSpec, TStatus>>> GetAsync(Caller caller, string nameOrId, AsOf asOf, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>One page; <paramref name="query"/>'s condition speaks of <c>$.name</c>, <c>$.project</c>, <c>$.labels</c>, <c>$.spec</c>, <c>$.status</c> and state.</summary>
    public ValueTask<Result<Page<Resource<TSpec, TStatus>>>> ListAsync(ResourceQuery query, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Every resource that meets a condition, of one organization or (null) of all: for controllers.</summary>
    public IAsyncEnumerable<Resource<TSpec, TStatus>> AllAsync(TenantId? tenant, Condition? where, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    public ValueTask<Result<Resource<TSpec, TStatus>>> CreateAsync(
        Caller caller, NewResource<TSpec> resource, string? transition, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>
    /// Changes spec, status or labels and takes a transition, in one commit. The change sees the resource as it is now and may refuse; it may run more than once.
    /// </summary>
    public ValueTask<Result<Resource<TSpec, TStatus>>> ChangeAsync(
        Caller caller,
        string nameOrId,
        Func<Resource<TSpec, TStatus>, Result<Resource<TSpec, TStatus>>> change,
        string? transition,
        Revision? ifMatch,
        CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Deletes the entity itself; see <see cref="Kind.DeleteTransition"/> for the user's delete.</summary>
    public ValueTask<Result<Done>> DeleteAsync(Caller caller, string nameOrId, Revision? ifMatch, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    internal object[] Parts => [engine, kind, time]; // until the verbs are written
}

/// <summary>A list request.</summary>
/// <param name="Tenant">Null: of all organizations.</param>
public sealed record ResourceQuery(TenantId? Tenant, Condition? Where = null, AsOf AsOf = default, int Limit = PageLimits.Default, string? Cursor = null);
