using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>Who asks, and in which tenant: always from the token, never from a body.</summary>
/// <param name="Actor">Recorded with each revision, for example <c>user:jane</c> or <c>controller:rollout</c>.</param>
/// <param name="Request">The request that this is done for; null: none that must be remembered.</param>
public readonly record struct Caller(TenantId Tenant, string Actor, RequestKey? Request = null);

/// <summary>Names a request, so that it takes effect once however often it is sent.</summary>
/// <param name="Commit">The id of the commit that it makes (its first, where it makes several), so that the outcome can be found in the log.</param>
/// <param name="Fingerprint">Of all that was asked for; kept with each revision as an audit event REQUEST, so that a key used for something else is noticed.</param>
public sealed record RequestKey(CommitId Commit, string Fingerprint);

/// <summary>What a change to an entity makes of its document; an error abandons the change.</summary>
public delegate Result<JsonText> DocumentChange(EntityRevision current);

/// <summary>The verbs on entities. Each is one transaction; EntityTransaction joins several.</summary>
public sealed class EntityEngine(
    IEntityLog log, IDefinitions definitions, IComputation computation, TimeProvider time)
{
    /// <summary>Creates an entity: initial state, then the named transition if any, then the automatic cascade.</summary>
    public ValueTask<Result<EntityRevision>> CreateAsync(
        Caller caller, ModelKey model, EntityId id, JsonText document, string? transition, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>
    /// Changes an entity and takes a transition; without one the automatic transitions are tried again from the present state (a loopback).
    /// </summary>
    /// <param name="model">When set, an entity of another model counts as not found.</param>
    /// <param name="ifMatch">The revision it must still have (412 ENTITY_MODIFIED); null: the change is tried again on conflict, a few times.</param>
    public ValueTask<Result<EntityRevision>> UpdateAsync(
        Caller caller, ModelKey? model, EntityId id, DocumentChange change, string? transition, Revision? ifMatch, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Deletes an entity; the value is its last revision.</summary>
    public ValueTask<Result<EntityRevision>> DeleteAsync(
        Caller caller, ModelKey? model, EntityId id, Revision? ifMatch, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Names of the manual transitions that the entity's state offers now.</summary>
    public ValueTask<Result<IReadOnlyList<string>>> TransitionsAsync(
        Caller caller, EntityId id, AsOf asOf, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Reads go straight to the log.</summary>
    public IEntityLog Log => log;

    internal object[] Parts => [definitions, computation, time]; // until the verbs are written
}
