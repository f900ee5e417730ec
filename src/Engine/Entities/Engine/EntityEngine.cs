using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>The caller and its tenant: always from the token, never from a body.</summary>
/// <param name="Actor">Recorded with each revision, for example <c>user:jane</c> or <c>controller:rollout</c>.</param>
/// <param name="Request">The request that this is done for; null: none that must be remembered.</param>
/// <param name="Deadline">Until when the first commit must be on its way (TRANSACTION_TIMEOUT, nothing written); null: whenever.</param>
public readonly record struct Caller(TenantId Tenant, string Actor, RequestKey? Request = null, DateTimeOffset? Deadline = null)
{
    /// <summary>Whether documents must fit their models as they are, whatever the models' change levels allow: so with a patch.</summary>
    public bool KeepsModels { get; init; }

    /// <summary>
    /// Id of the only project whose models it reaches: entities of any other model do not exist for it. Null: all of the organization.
    /// </summary>
    public string? Project { get; init; }

    /// <summary>
    /// The token of a transaction that waits for the caller's answer (<see cref="ICallTransaction"/>): what is asked for happens in it, and
    /// becomes durable with it. Then neither <see cref="Request"/> nor <see cref="Deadline"/> counts: they are the transaction's own. Null:
    /// none is joined.
    /// </summary>
    public string? Join { get; init; }

    /// <summary>
    /// The lease under which the caller acts; null: under none. When it has gone to another holder, nothing is written (LEASE_LOST).
    /// </summary>
    public Fence? Fence { get; init; }

    /// <summary>
    /// The id of a new entity. For a request with a key it follows from the key and the ordinal, so that the request sent again, to any
    /// server, makes the same entity; else it is fresh.
    /// </summary>
    /// <param name="ordinal">Which of the request's new entities, from 0.</param>
    public EntityId NewEntityId(int ordinal, TimeProvider time) => Request is { } key && Join is null
        ? key.EntityIdAt(ordinal) : EntityId.New(time);
}

/// <summary>What a change to an entity makes of its document; an error abandons the change.</summary>
public delegate Result<JsonText> DocumentChange(EntityRevision current);

/// <summary>
/// The verbs on entities. Each is one transaction; <see cref="BeginAsync"/> joins several. Documents handed in have passed
/// <see cref="JsonGuard"/>. Safe for concurrent use.
/// <para>Errors: MODEL_NOT_FOUND, MODEL_NOT_LOCKED, VALIDATION_FAILED, INCOMPATIBLE_TYPE, ENTITY_NOT_FOUND, ENTITY_MODIFIED,
/// TRANSITION_NOT_FOUND, WORKFLOW_FAILED, UNIQUE_VIOLATION, INVALID_UNIQUE_KEY, TOO_LARGE, CONFLICT (retryable), ALREADY_COMMITTED (the
/// request's key has a commit: look it up), LEASE_LOST, those of <see cref="IComputation"/>, and what a <see cref="DocumentChange"/>
/// answers.</para>
/// <para>A caller may join a transaction instead (<see cref="Caller.Join"/>). Then what is returned is of the commit to come, without its
/// revision, and there are more errors: TRANSACTION_NOT_FOUND, CALLOUT_SUPERSEDED, TOO_MANY_JOINED_REQUESTS, COMMIT_IN_JOINED_TRANSACTION,
/// and CONFLICT for the entity that the call is about.</para>
/// </summary>
public sealed class EntityEngine(
    IEntityLog log, IDefinitions definitions, IComputation computation, TimeProvider time, EngineLimits? limits = null,
    string? server = null)
{
    private static readonly ExponentialBackOff Pauses = new(TimeSpan.FromMilliseconds(2), TimeSpan.FromSeconds(5), Spread: 0.5);

    private readonly EngineParts parts = new(
        log, definitions, new ComputationGuard(computation, time), time, limits ?? EngineLimits.Default, server);

    /// <summary>Reads go straight to the log.</summary>
    public IEntityLog Log => log;

    public UnreadableDocuments Unreadable { get; } = new();

    /// <summary>
    /// An entity: from the transaction that the caller has joined (<paramref name="asOf"/> must not bypass it), else from the log.
    /// ENTITY_NOT_FOUND if it does not exist.
    /// </summary>
    public async ValueTask<Result<EntityRevision>> ReadAsync(Caller caller, EntityId id, AsOf asOf, CancellationToken cancellationToken)
    {
        if (caller.Join is not null && asOf.IsLatest)
            return await parts.JoinTokens.RunAsync(caller, (joined, ct) => joined.ReadInWorkAsync(id, ct), cancellationToken);
        return await log.ReadAsync(caller.Tenant, id, asOf, cancellationToken) is { } entity
            && await parts.ReachesAsync(caller.Project, entity.Tenant, entity.Model, cancellationToken)
            ? entity : EngineErrors.EntityNotFound(id);
    }

    /// <summary>
    /// Creates an entity: initial state, then the named transition if any, then the automatic cascade. One append and no read.
    /// </summary>
    public async ValueTask<Result<EntityRevision>> CreateAsync(
        Caller caller, ModelKey model, EntityId id, JsonText document, string? transition, CancellationToken cancellationToken)
    {
        if (caller.Join is not null)
            return await parts.JoinTokens.RunAsync(
                caller, (joined, ct) => joined.CreateAsync(model, id, document, transition, ct), cancellationToken);
        using var span = EngineMetrics.Start("entity.create", model, id);
        var transaction = new EntityTransaction(parts, caller, AsOf.Latest);
        var created = await CommitAsync(
            transaction, await transaction.CreateAsync(model, id, document, transition, cancellationToken), cancellationToken);
        if (!transaction.HasConflicted) return created;
        return transaction.HasCommitted ? EngineErrors.ModifiedDuringCall(id) : EngineErrors.EntityExists(id);
    }

    /// <summary>
    /// As <see cref="CreateAsync(Caller, ModelKey, EntityId, JsonText, string?, CancellationToken)"/>, on condition that other entities are
    /// still as they were read: CONFLICT (retryable, with the id of one in the details) otherwise. One append and no read.
    /// </summary>
    /// <param name="unchanged">Of the same tenant, read before.</param>
    public async ValueTask<Result<EntityRevision>> CreateAsync(
        Caller caller, ModelKey model, EntityId id, JsonText document, string? transition, IReadOnlyList<EntityRevision> unchanged,
        CancellationToken cancellationToken)
    {
        var transaction = new EntityTransaction(parts, caller, AsOf.Latest);
        foreach (var other in unchanged) transaction.Expect(other);
        var entity = await transaction.CreateAsync(model, id, document, transition, cancellationToken);
        var created = await CommitAsync(transaction, entity, cancellationToken);
        return transaction is { HasConflicted: true, HasCommitted: true } ? EngineErrors.ModifiedDuringCall(id) : created;
    }

    /// <summary>
    /// Changes an entity and takes a transition; without one the automatic transitions are tried again from the present state (a loopback).
    /// One read and one append.
    /// </summary>
    /// <param name="model">When set, an entity of another model counts as not found.</param>
    /// <param name="change">May be called more than once.</param>
    /// <param name="ifMatch">The revision it must still have (412 ENTITY_MODIFIED); null: the change is tried again on conflict, a few
    /// times.</param>
    public ValueTask<Result<EntityRevision>> UpdateAsync(
        Caller caller, ModelKey? model, EntityId id, DocumentChange change, string? transition, Revision? ifMatch,
        CancellationToken cancellationToken) =>
        ChangeAsync(caller, id, ifMatch, (transaction, ct) => transaction.UpdateAsync(model, id, change, transition, ifMatch, ct),
            cancellationToken);

    /// <summary>Deletes an entity; the value is its last revision.</summary>
    public ValueTask<Result<EntityRevision>> DeleteAsync(
        Caller caller, ModelKey? model, EntityId id, Revision? ifMatch, CancellationToken cancellationToken) =>
        ChangeAsync(caller, id, ifMatch, (transaction, ct) => transaction.DeleteAsync(model, id, ifMatch, ct), cancellationToken);

    /// <summary>Deletes an entity unless the check finds fault with what it is now. One read and one append.</summary>
    /// <param name="check">May be called more than once; an error abandons the deletion.</param>
    public ValueTask<Result<EntityRevision>> DeleteAsync(
        Caller caller, EntityId id, Func<EntityRevision, Error?> check, CancellationToken cancellationToken) =>
        ChangeAsync(caller, id, null, (transaction, ct) => transaction.DeleteAsync(id, check, ct), cancellationToken);

    /// <summary>
    /// Does several steps in one transaction and commits; all of it again, a few times, when an entity has moved on meanwhile. The value is
    /// what was written, in the order of the first writes.
    /// </summary>
    /// <param name="work">May be called more than once, each time with a new transaction; an error abandons it.</param>
    public async ValueTask<Result<IReadOnlyList<EntityRevision>>> TransactAsync(
        Caller caller, Func<EntityTransaction, CancellationToken, ValueTask<Error?>> work, CancellationToken cancellationToken)
    {
        if (caller.Join is not null)
        {
            return await parts.JoinTokens.RunAsync<IReadOnlyList<EntityRevision>>(
                caller, async (joined, ct) => await work(joined, ct) is { } failure
                    ? failure : Result.Of(joined.Written()), cancellationToken);
        }
        for (var attempt = 1; ; attempt++)
        {
            var transaction = await BeginAsync(caller, cancellationToken);
            if (await work(transaction, cancellationToken) is { } error) return error;
            var written = await transaction.CommitAsync(cancellationToken);
            if (!transaction.HasConflicted || attempt >= parts.Limits.ConflictTriesMax) return written;
            await PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary>
    /// What an update would do, and why not more; nothing is written. TRANSITION_NOT_FOUND and a document that does not fit are errors here
    /// too.
    /// </summary>
    public ValueTask<Result<DryRun>> DryRunAsync(
        Caller caller, EntityId id, DocumentChange change, string? transition, CancellationToken cancellationToken) =>
        new EntityTransaction(parts, caller, AsOf.Latest).DryRunAsync(id, change, transition, cancellationToken);

    /// <summary>Names of the manual transitions that the entity's state offers now, whatever their criteria say.</summary>
    public async ValueTask<Result<IReadOnlyList<string>>> TransitionsAsync(
        Caller caller, EntityId id, AsOf asOf, CancellationToken cancellationToken)
    {
        if (!(await ReadAsync(caller, id, asOf, cancellationToken)).TryGet(out var entity, out var error)) return error;
        if (await definitions.FindAsync(caller.Tenant, entity.Model, cancellationToken) is not { } model)
            return await definitions.ExplainAsync(caller.Tenant, entity.Model, cancellationToken);
        return await new TransitionOffers(parts.Computation).FindAsync(model, entity, cancellationToken);
    }

    /// <summary>Begins a transaction over the log as it is now.</summary>
    public async ValueTask<EntityTransaction> BeginAsync(Caller caller, CancellationToken cancellationToken) =>
        new(parts, caller, AsOf.At(await log.HeadAsync(caller.Tenant, cancellationToken)));

    /// <summary>Fires a scheduled transition that is due; <see cref="ScheduleRunner"/> does so by itself.</summary>
    public ValueTask<Result<ScheduleOutcome>> FireAsync(Caller caller, DueTransition due, CancellationToken cancellationToken) =>
        new EntityTransaction(parts, caller, AsOf.Latest).FireAsync(due, cancellationToken);

    private async ValueTask<Result<EntityRevision>> ChangeAsync(
        Caller caller, EntityId id, Revision? ifMatch, Func<EntityTransaction, CancellationToken, ValueTask<Result<EntityRevision>>> change,
        CancellationToken cancellationToken)
    {
        if (caller.Join is not null) return await parts.JoinTokens.RunAsync(caller, change, cancellationToken);
        using var span = EngineMetrics.Start("entity.change", null, id);
        for (var attempt = 1; ; attempt++)
        {
            var transaction = new EntityTransaction(parts, caller, AsOf.Latest);
            var changed = await CommitAsync(transaction, await change(transaction, cancellationToken), cancellationToken);
            if (!transaction.HasConflicted) return changed;
            // Once a part is durable and its processor was called, doing all of it again would call it twice.
            if (transaction.HasCommitted) return EngineErrors.ModifiedDuringCall(id);
            if (ifMatch is { } expected) return EngineErrors.EntityModified(id, expected);
            if (attempt >= parts.Limits.ConflictTriesMax) return changed;
            await PauseAsync(attempt, cancellationToken);
        }
    }

    private static async ValueTask<Result<EntityRevision>> CommitAsync(
        EntityTransaction transaction, Result<EntityRevision> change, CancellationToken cancellationToken)
    {
        if (!change.IsOk) return change;
        return (await transaction.CommitAsync(cancellationToken)).TryGet(out var written, out var error) ? written[0] : error;
    }

    // Rivals that met once would meet again if they waited equally long.
    private Task PauseAsync(int attempt, CancellationToken cancellationToken) =>
        Task.Delay(Pauses.After(attempt + 1), time, cancellationToken);
}
