using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>
/// Several reads and writes that take effect together or not at all. Reads see the log as of one revision (the snapshot) and the
/// transaction's own writes; writes are held in memory; the commit is accepted only if no entity that was read or written has moved on
/// since (snapshot isolation, first committer wins, reads validated).
/// <para>Bounded in entities, bytes and time by <see cref="EngineLimits"/>. After a commit, and past its lifetime, every member answers
/// with an error. Nothing has to be disposed: a transaction that is dropped has no effect. Not safe for concurrent use.</para>
/// </summary>
public sealed partial class EntityTransaction
{
    private readonly EngineParts parts;
    private readonly Caller caller;
    private readonly bool hasSteps;
    private readonly DateTimeOffset begunAt;
    private readonly Dictionary<EntityId, Draft> drafts = [];
    private AsOf snapshot;
    private CommitId? request;
    private bool keepsModels;
    private string? project;
    private long bytes;
    private bool hasEnded;
    private bool endsWithCaller;
    private DraftState durable;
    private (Draft Draft, WorkflowMachine Machine)? run;

    /// <param name="snapshot">Latest only where a single entity is touched: then one read is a snapshot, and does not read the log's
    /// head.</param>
    internal EntityTransaction(EngineParts parts, Caller caller, AsOf snapshot)
    {
        (this.parts, this.caller, this.snapshot, hasSteps) = (parts, caller, snapshot, !snapshot.IsLatest);
        (begunAt, request, keepsModels, project) = (parts.Time.GetUtcNow(), caller.Request?.Commit, caller.KeepsModels, caller.Project);
    }

    /// <summary>Whose log it reads and writes.</summary>
    public TenantId Tenant => caller.Tenant;

    /// <summary>The log's revision that reads see.</summary>
    public Revision? Snapshot => snapshot.Revision;

    /// <summary>Whether a part has been committed already, before a processor that asked for it.</summary>
    internal bool HasCommitted { get; private set; }

    /// <summary>Whether the log refused an append because an entity has moved on.</summary>
    internal bool HasConflicted { get; private set; }

    private bool IsLate => caller.Deadline is { } deadline && !HasCommitted && parts.Time.GetUtcNow() > deadline;

    /// <summary>One entity; ENTITY_NOT_FOUND if it does not exist. A later commit validates either outcome.</summary>
    public async ValueTask<Result<EntityRevision>> ReadAsync(EntityId id, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(id, cancellationToken)).TryGet(out var draft, out var error)) return error;
        return draft.Current is { } entity && await ReachesAsync(entity.Model, cancellationToken)
            ? entity : EngineErrors.EntityNotFound(id);
    }

    /// <summary>Adds an entity that was read elsewhere to what the commit validates.</summary>
    internal void Expect(EntityRevision read) => drafts[read.Id] = new Draft(read.Id, read);

    /// <summary>As the engine's CreateAsync; the value's revision and times are those of the commit only after it.</summary>
    public async ValueTask<Result<EntityRevision>> CreateAsync(
        ModelKey model, EntityId id, JsonText document, string? transition, CancellationToken cancellationToken)
    {
        if (Check(id) is { } closed) return closed;
        if (!drafts.TryGetValue(id, out var draft)) draft = new Draft(id, null); // that it does not exist is for the log to check
        if ((draft.InWork ?? draft.Current) is not null) return EngineErrors.EntityExists(id);
        if (!(await FindModelAsync(model, cancellationToken)).TryGet(out var definition, out var error)) return error;
        if (!await ReachesAsync(model, cancellationToken)) return EngineErrors.ModelNotFound(model);
        if (await AdmitAsync(draft, definition, document, cancellationToken) is { } unfit) return unfit;
        var entity = NewEntity(model, id, document, transition);
        var machine = new WorkflowMachine(definition, entity, new Answers(this, draft, definition), begunAt);
        drafts[id] = draft;
        return (await machine.CreateAsync(transition, cancellationToken)).TryGet(out var outcome, out error)
            ? await AcceptAsync(draft, definition, machine, outcome, cancellationToken)
            : await AbortAsync(draft, machine, error, cancellationToken);
    }

    /// <summary>As <see cref="EntityEngine.UpdateAsync"/>.</summary>
    public async ValueTask<Result<EntityRevision>> UpdateAsync(
        ModelKey? model, EntityId id, DocumentChange change, string? transition, Revision? ifMatch, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(model, id, ifMatch, cancellationToken)).TryGet(out var draft, out var error)) return error;
        var entity = draft.Current!;
        if (!(await FindModelAsync(entity.Model, cancellationToken)).TryGet(out var definition, out error)) return error;
        if (!change(entity).TryGet(out var document, out error)) return error;
        if (await AdmitAsync(draft, definition, document, cancellationToken) is { } unfit) return unfit;
        entity = entity with { Document = document, Transition = transition ?? "loopback" };
        var machine = new WorkflowMachine(definition, entity, new Answers(this, draft, definition), parts.Time.GetUtcNow());
        return (await machine.UpdateAsync(transition, cancellationToken)).TryGet(out var outcome, out error)
            ? await AcceptAsync(draft, definition, machine, outcome, cancellationToken)
            : await AbortAsync(draft, machine, error, cancellationToken);
    }

    /// <summary>As <see cref="EntityEngine.DeleteAsync"/>.</summary>
    public async ValueTask<Result<EntityRevision>> DeleteAsync(
        ModelKey? model, EntityId id, Revision? ifMatch, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(model, id, ifMatch, cancellationToken)).TryGet(out var draft, out var error)) return error;
        draft.Delete([]);
        draft.WrittenBy |= DepthBit;
        return ResultOf(draft.Written);
    }

    /// <summary>Deletes an entity unless the check finds fault with what the transaction sees of it.</summary>
    public async ValueTask<Result<EntityRevision>> DeleteAsync(
        EntityId id, Func<EntityRevision, Error?> check, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(null, id, null, cancellationToken)).TryGet(out var draft, out var error)) return error;
        if (check(draft.Current!) is { } fault) return fault;
        return await DeleteAsync(null, id, null, cancellationToken);
    }

    /// <summary>
    /// Makes all of it durable; the value is the revisions written, in no order, none where nothing was written. CONFLICT (retryable, from
    /// the start) where an entity has moved on, UNIQUE_VIOLATION where a unique key is taken. What members did that joined is not in the
    /// value. The transaction has ended either way.
    /// </summary>
    public async ValueTask<Result<IReadOnlyList<EntityRevision>>> CommitAsync(CancellationToken cancellationToken)
    {
        if (Check(null) is { } closed) return closed;
        try
        {
            var committed = await TryCommitAsync(cancellationToken);
            if (committed.Error is { } refused && run is { } begun)
                await AbortAsync(begun.Draft, begun.Machine, refused, cancellationToken);
            return committed;
        }
        finally
        {
            hasEnded = true;
        }
    }

    private async ValueTask<Result<IReadOnlyList<EntityRevision>>> TryCommitAsync(CancellationToken cancellationToken)
    {
        if (DuplicateWithin() is { } twice) return EngineErrors.Duplicate(twice);
        if (!drafts.Values.Any(draft => draft.MustAppend)) return Array.Empty<EntityRevision>();
        try
        {
            return await AppendAsync(cancellationToken);
        }
        catch (StrataException e) when (HasCommitted)
        {
            return e.Error; // the part that is durable needs an end in the trail, which is written if the log takes it by then
        }
    }

    /// <summary>Appends what was written so far; the transaction can continue after it.</summary>
    private async ValueTask<Result<IReadOnlyList<EntityRevision>>> AppendAsync(CancellationToken cancellationToken)
    {
        if (IsLate) return EngineErrors.TransactionTimeout();
        var written = DraftsToWrite();
        var commit = ToCommit(written);
        if (!(await AppendAsync(commit, Lasting(cancellationToken))).TryGet(out var outcome, out var error)) return error;
        switch (outcome)
        {
            case AppendOutcome.Conflict conflict:
                HasConflicted = true;
                return EngineErrors.Conflict(conflict.Id);
            case AppendOutcome.Duplicate duplicate:
                return EngineErrors.Duplicate(duplicate.Claim);
            case AppendOutcome.AlreadyCommitted:
                return EngineErrors.AlreadyCommitted();
            case AppendOutcome.Importing:
                return EngineErrors.ImportInProgress();
            case AppendOutcome.Fenced fenced:
                return EngineErrors.LeaseLost(fenced.Fence);
            case AppendOutcome.Committed committed:
                (HasCommitted, request) = (true, null);
                var isAsked = Array.ConvertAll(written, draft => draft.IsAsked);
                return written.Select((draft, i) => draft.Committed(commit, commit.Writes[i], committed))
                    .Where((_, i) => isAsked[i]).ToArray();
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown}.");
        }
    }

    /// <summary>
    /// What follows a commit in the middle is a transaction of its own: what else was read and written before does not bind it.
    /// </summary>
    private void GoOnWith(Draft own)
    {
        drafts.Clear();
        drafts[own.Id] = own;
        snapshot = AsOf.Latest;
        durable = own.State;
    }

    /// <summary>Drops what was done since the entity's last commit, or since it was read, by its run and by members beside it.</summary>
    private void BackToDurable(Draft own)
    {
        drafts.Clear();
        drafts[own.Id] = own;
        own.State = durable;
        models = null;
    }

    /// <summary>
    /// A run of which a part is durable goes on to its end when its caller leaves: stopped half-way, it would leave an entity that waits
    /// for an answer in vain. Calls are bounded by their response timeout.
    /// </summary>
    private CancellationToken Lasting(CancellationToken caller) => HasCommitted && !endsWithCaller ? CancellationToken.None : caller;

    /// <summary>What was asked for goes before what members did beside it.</summary>
    private Draft[] DraftsToWrite()
    {
        var written = drafts.Values.Where(draft => draft.MustAppend).ToArray();
        return written.All(draft => draft.IsAsked) ? written : [.. written.OrderByDescending(draft => draft.IsAsked)];
    }

    private Commit ToCommit(Draft[] written)
    {
        var fingerprint = caller.Request is { } key ? new AuditEvent(AuditEventTypes.Request, null, key.Fingerprint) : null;
        return new Commit
        {
            Tenant = caller.Tenant,
            Id = request ?? CommitId.New(parts.Time),
            By = caller.Actor,
            Fence = caller.Fence,
            Writes = Array.ConvertAll(written, draft => draft.ToWrite(draft.IsAsked ? fingerprint : null)),
            Reads = drafts.Count == written.Length ? []
                : [.. drafts.Values.Where(draft => !draft.MustAppend).Select(draft => draft.ToRead())],
        };
    }

    private EntityRevision NewEntity(ModelKey model, EntityId id, JsonText document, string? transition) => new()
    {
        Tenant = caller.Tenant,
        Id = id,
        Model = model,
        Revision = Revision.None,
        Commit = default,
        State = "",
        Document = document,
        CreatedAt = begunAt,
        ChangedAt = begunAt,
        ChangedBy = caller.Actor,
        Transition = transition,
    };

    private async ValueTask<Result<EntityRevision>> AcceptAsync(
        Draft draft, ModelDefinition model, WorkflowMachine machine, WorkflowOutcome outcome, CancellationToken cancellationToken)
    {
        if (await WriteAsync(draft, model, outcome, cancellationToken) is { } error)
            return await AbortAsync(draft, machine, error, cancellationToken);
        if (HasCommitted && !IsJoined) run = (draft, machine);
        return draft.Current!;
    }

    /// <summary>
    /// What was committed before a call that failed stays, so the trail must say why it went no further. When the entity has moved on
    /// meanwhile, its trail continues without that.
    /// </summary>
    private async ValueTask<Error> AbortAsync(Draft draft, WorkflowMachine machine, Error error, CancellationToken cancellationToken)
    {
        if (!HasCommitted || HasConflicted || IsJoined) return Abandon(draft, error);
        BackToDurable(draft);
        var entity = draft.Current!;
        var (armed, events) = await RestAsync(draft, machine, cancellationToken);
        draft.Write(entity, [.. machine.Aborted(entity.State, error), .. events], null, armed);
        await TryCommitAsync(cancellationToken);
        HasConflicted = false;
        return error;
    }

    /// <summary>
    /// What is armed for an entity that rests where its run was cut off: what was before, or, in another state than before, what that state
    /// arms.
    /// </summary>
    private async ValueTask<(IReadOnlyList<ScheduledTransition> Armed, IReadOnlyList<AuditEvent> Events)> RestAsync(
        Draft draft, WorkflowMachine machine, CancellationToken cancellationToken, string? fired = null)
    {
        var entity = draft.Current!;
        if (entity.State == draft.ArmedIn) return (draft.Armed!, []);
        return await machine.RestAsync(entity, draft.ArmedIn, fired, Lasting(cancellationToken));
    }

    /// <summary>A new entity that came to nothing leaves no trace.</summary>
    private Error Abandon(Draft draft, Error error)
    {
        if (draft is { Current: null, IsWritten: false }) drafts.Remove(draft.Id);
        return error;
    }

    private async ValueTask<Error?> WriteAsync(
        Draft draft, ModelDefinition model, WorkflowOutcome outcome, CancellationToken cancellationToken)
    {
        cancellationToken = Lasting(cancellationToken);
        var size = outcome.Entity.Document.Utf8.Length;
        if (size > parts.Limits.DocumentBytesMax) return EngineErrors.DocumentTooLarge(size, parts.Limits.DocumentBytesMax);
        var bytesMax = parts.Limits.TransactionBytesMax;
        if ((bytes += size) > bytesMax) return EngineErrors.TransactionTooLarge($"more than {bytesMax} bytes of documents");
        if (await AdmitAsync(draft, model, outcome.Entity.Document, cancellationToken) is { } unfit) return unfit;
        if (!UniqueKeys.ClaimsOf(model, outcome.Entity.Document).TryGet(out var claims, out var error)) return error;
        draft.Write(ResultOf(outcome.Entity), outcome.Audit, claims, outcome.Schedules ?? draft.Armed);
        draft.WrittenBy |= DepthBit;
        return null;
    }

    /// <summary>To a member that joined, what it wrote is of the commit to come.</summary>
    private EntityRevision ResultOf(EntityRevision entity) => IsJoined ? entity with { Commit = request!.Value } : entity;

    private async ValueTask<Result<Draft>> FindAsync(ModelKey? model, EntityId id, Revision? ifMatch, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(id, cancellationToken)).TryGet(out var draft, out var error)) return error;
        if (draft.InWork is not null) return EngineErrors.EntityInWork(id);
        if (draft.Current is not { } entity || (model is { } wanted && entity.Model != wanted)) return EngineErrors.EntityNotFound(id);
        if (!await ReachesAsync(entity.Model, cancellationToken)) return EngineErrors.EntityNotFound(id);
        return ifMatch is { } expected && expected != draft.Expected ? EngineErrors.EntityModified(id, expected) : draft;
    }

    /// <summary>Whether the current actor (the caller, or a member that has joined) may see entities of this model.</summary>
    private ValueTask<bool> ReachesAsync(ModelKey model, CancellationToken cancellationToken) =>
        parts.ReachesAsync(project, caller.Tenant, model, cancellationToken);

    private async ValueTask<Result<Draft>> OpenAsync(EntityId id, CancellationToken cancellationToken)
    {
        if (Check(id) is { } closed) return closed;
        if (drafts.TryGetValue(id, out var known)) return known;
        return drafts[id] = new Draft(id, await parts.Log.ReadAsync(caller.Tenant, id, snapshot, cancellationToken));
    }

    private async ValueTask<Result<ModelDefinition>> FindModelAsync(ModelKey key, CancellationToken cancellationToken) =>
        await parts.Definitions.FindAsync(caller.Tenant, key, cancellationToken) is { } found
            ? found : await parts.Definitions.ExplainAsync(caller.Tenant, key, cancellationToken);

    private Error? Check(EntityId? opening)
    {
        if (hasEnded) return EngineErrors.TransactionEnded();
        if (IsLate) return EngineErrors.TransactionTimeout();
        var lifetime = parts.Limits.TransactionLifetime;
        if (hasSteps && parts.Time.GetUtcNow() - begunAt > lifetime) return EngineErrors.TransactionExpired(lifetime);
        var max = Math.Min(parts.Limits.TransactionEntitiesMax, Commit.EntitiesMax);
        return opening is { } id && drafts.Count >= max && !drafts.ContainsKey(id)
            ? EngineErrors.TransactionTooLarge($"more than {max} entities") : null;
    }

    private UniqueClaim? DuplicateWithin()
    {
        if (drafts.Count < 2) return null;
        var seen = new HashSet<(string, UniqueClaim)>();
        foreach (var draft in drafts.Values.Where(draft => draft.MustAppend))
        {
            foreach (var claim in draft.NewClaims)
            {
                if (!seen.Add((draft.Current!.Model.Name, claim))) return claim;
            }
        }
        return null;
    }
}
