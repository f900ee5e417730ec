using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Hosts;

namespace Strata.Resources.Kinds;

/// <summary>
/// The verbs on one kind's resources as entities: what the typed store and the JSON verbs have in common. Safe for concurrent use.
/// </summary>
public sealed class KindStore(EntityEngine engine, Kind kind, TimeProvider time)
{
    private const int CreateTriesMax = 5;
    private const int DeletionLooksMax = 50;
    private const int TakeBackTriesMax = 5;
    private static readonly TimeSpan DeletionLookInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Abandons a change that would change nothing; never leaves this class.</summary>
    private static readonly Error Unchanged = new(ErrorKind.Internal, "UNCHANGED", "Nothing changed.");

    private readonly ResourceLookup lookup = new(engine.Log, kind);
    private readonly ResourceDrafts drafts = new(engine.Log, kind);
    private readonly EnvironmentLabel environments = new(engine.Log, kind);
    private readonly HostedWrites? hosted = kind.Hosts is null ? null : new HostedWrites(engine, kind, time);
    private readonly HostClaims? names = kind.OwnsHostOfName ? new HostClaims(engine, time) : null;

    public Kind Kind => kind;

    public IEntityLog Log => engine.Log;

    /// <summary>
    /// Whether a document can be shown as a resource at all; reported where not. A listing passes over such a one, because it must not end
    /// everybody's.
    /// </summary>
    public bool IsReadable(EntityRevision revision)
    {
        if (ResourceDocument.IsReadable(revision.Document)) return true;
        Unreadable(revision, new JsonException("The document is not an object with a name."));
        return false;
    }

    /// <summary>Reports a document that cannot be read.</summary>
    internal void Unreadable(EntityRevision revision, Exception why) => engine.Unreadable.Add(revision, why);

    /// <summary>A draft as a resource, for conditions to evaluate; nothing of it is checked or stored.</summary>
    public EntityRevision Preview(Caller caller, ResourceDraft draft) => new()
    {
        Tenant = kind.TenantOf(caller), Id = default, Model = kind.Model, Revision = Revision.None, Commit = default, State = "",
        ChangedBy = caller.Actor,
        Document = ResourceDocument.Write(
            kind, draft.Name ?? "", draft.Project, draft.Labels, draft.Spec, kind.InitialStatusText) is { IsOk: true } written
            ? written.Value : JsonText.EmptyObject,
        CreatedAt = time.GetUtcNow(), ChangedAt = time.GetUtcNow(),
    };

    public ValueTask<Result<EntityRevision>> GetAsync(Caller caller, string nameOrId, AsOf asOf, CancellationToken cancellationToken) =>
        lookup.ReadAsync(caller, nameOrId, asOf, cancellationToken);

    public async ValueTask<Result<Page<EntityRevision>>> ListAsync(ResourceQuery query, CancellationToken cancellationToken)
    {
        if (!ToScan(query).TryGet(out var scan, out var error)) return error;
        var found = await engine.Log.ScanAsync(scan, cancellationToken);
        var hasMore = found.Count > query.Limit || !found.IsLast;
        var items = found.Take(query.Limit).ToList();
        return new Page<EntityRevision>(items, hasMore ? ResourceCursor.Of(scan, items[^1]) : null);
    }

    public async IAsyncEnumerable<EntityRevision> AllAsync(
        TenantId? tenant, Condition? where, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scan = new Scan { Tenant = ScopeOf(tenant), Model = kind.Model, Where = where, Limit = PageLimits.Max };
        await foreach (var page in engine.Log.PagesAsync(scan, cancellationToken))
        {
            foreach (var revision in page) yield return revision;
        }
    }

    public async ValueTask<Result<EntityRevision>> CreateAsync(
        Caller caller, ResourceDraft draft, string? transition, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (!(await drafts.CompleteAsync(caller, draft, cancellationToken)).TryGet(out var complete, out var error)) return error;
            var created = kind == ProjectKind.Kind
                ? await CreateProjectAsync(InScope(caller), draft.Name!, complete, transition, cancellationToken)
                : await CreateAsync(InScope(caller), draft.Name!, complete, transition, cancellationToken);
            if (attempt >= CreateTriesMax || !HasMoved(complete.Owners, created.Error)) return Translate(created, draft.Name!);
        }
    }

    private async ValueTask<Result<EntityRevision>> CreateAsync(
        Caller caller, string name, CompleteDraft draft, string? transition, CancellationToken cancellationToken)
    {
        if (names is not null
            && await names.CheckNameAsync(
                caller.Tenant, draft.Project!, name, cancellationToken) is { } taken) return taken;
        return hosted is null ? await WriteAsync() : await hosted.CreateAsync(caller, draft, WriteAsync, cancellationToken);

        ValueTask<Result<EntityRevision>> WriteAsync() => draft.Owners.Count > 0
            ? engine.CreateAsync(
                caller, kind.Model, caller.NewEntityId(0, time), draft.Document, transition, draft.Owners, cancellationToken)
            : engine.CreateAsync(caller, kind.Model, caller.NewEntityId(0, time), draft.Document, transition, cancellationToken);
    }

    /// <summary>
    /// An organization is in another log than its projects, so it is checked before and after: a deletion first marks the organization, and
    /// then sees the project, or its mark is seen here.
    /// </summary>
    private async ValueTask<Result<EntityRevision>> CreateProjectAsync(
        Caller caller, string name, CompleteDraft draft, string? transition, CancellationToken cancellationToken)
    {
        var organization = new EntityId(caller.Tenant.Value);
        var before = await engine.Log.ReadAsync(TenantId.Platform, organization, AsOf.Latest, cancellationToken);
        if (before?.State == OrganizationKind.Deleting || (before is null
            && await engine.Log.IsDeletedAsync(caller.Tenant, cancellationToken)))
            return ResourceErrors.OwnerDeleting(OrganizationKind.Kind);
        var created = await CreateAsync(caller, name, draft, transition, cancellationToken);
        if (!created.IsOk || before is null) return created;
        // From here on the caller's leaving no longer matters: a project without an organization would be left.
        if (await IsKeptAsync(organization)) return created;
        await engine.DeleteAsync(
            caller with { Request = null }, kind.Model, created.Value.Id, created.Value.Revision, CancellationToken.None);
        return ResourceErrors.OwnerDeleting(OrganizationKind.Kind);
    }

    /// <summary>
    /// Whether an organization survives a deletion in progress. This waits for the deletion, because it usually finds the new project and
    /// gives up; then the project may already be in use and must not be deleted. A deletion that takes longer than a second was cut off or
    /// is slow: its mark is removed here. A slow one then fails, because it deletes only the revision that it has marked.
    /// </summary>
    private async ValueTask<bool> IsKeptAsync(EntityId organization)
    {
        for (var look = 1; ; look++)
        {
            var now = await engine.Log.ReadAsync(TenantId.Platform, organization, AsOf.Latest, CancellationToken.None);
            if (now is null) return false;
            if (now.State != OrganizationKind.Deleting) return true;
            if (look % DeletionLooksMax == 0 && (await TakeBackAsync(now) || look >= DeletionLooksMax * TakeBackTriesMax)) return true;
            await Task.Delay(DeletionLookInterval, time, CancellationToken.None);
        }
    }

    /// <returns>False where the organization has changed meanwhile: it is to be looked at again.</returns>
    private async ValueTask<bool> TakeBackAsync(EntityRevision organization) => (await engine.UpdateAsync(
        new Caller(TenantId.Platform, "system:project-creation"), OrganizationKind.Kind.Model, organization.Id, current => current.Document,
        OrganizationKind.Kind.Deleting!.Cancel, organization.Revision, CancellationToken.None)).IsOk;

    /// <summary>
    /// Whether a creation failed because its project or its environment has changed since it was read: it may be about to be deleted.
    /// </summary>
    private static bool HasMoved(IReadOnlyList<EntityRevision> owners, Error? error) =>
        error is { Code: EngineErrors.Conflict, Details: { } details }
        && details.TryGetValue("entityId", out var id) && owners.Any(owner => id == owner.Id.ToString());

    /// <summary>Looks for a reason against a change of the spec or the labels that names an environment; null: it names none.</summary>
    public WriteCheck? EnvironmentCheckOf(JsonElement? spec, JsonElement? labels) => environments.CheckOf(spec, labels);

    /// <summary>A change that yields the document as it was, without a transition, commits nothing.</summary>
    public ValueTask<Result<EntityRevision>> ChangeAsync(
        Caller caller, string nameOrId, DocumentChange change, string? transition, Revision? ifMatch,
        CancellationToken cancellationToken) =>
        ChangeAsync(caller, nameOrId, change, transition, ifMatch, null, cancellationToken);

    /// <param name="check">May find fault. What it reads in the transaction must still be so when the change takes effect. Null: no
    /// check.</param>
    public async ValueTask<Result<EntityRevision>> ChangeAsync(
        Caller caller, string nameOrId, DocumentChange change, string? transition, Revision? ifMatch, WriteCheck? check,
        CancellationToken cancellationToken)
    {
        if (!(await lookup.FindAsync(caller, nameOrId, cancellationToken)).TryGet(out var key, out var error)) return error;
        return hosted is null ? await WriteAsync(change) : await hosted.ChangeAsync(key, change, WriteAsync, cancellationToken);

        ValueTask<Result<EntityRevision>> WriteAsync(DocumentChange next) =>
            ChangeAsync(caller, key, nameOrId, next, transition, ifMatch, check, cancellationToken);
    }

    private async ValueTask<Result<EntityRevision>> ChangeAsync(
        Caller caller, ResourceKey key, string nameOrId, DocumentChange change, string? transition, Revision? ifMatch, WriteCheck? check,
        CancellationToken cancellationToken)
    {
        EntityRevision? same = null;
        caller = caller with { Tenant = key.Tenant };
        var changed = check is null
            ? await engine.UpdateAsync(caller, kind.Model, key.Id, ChangeOrAbandon, transition, ifMatch, cancellationToken)
            : Only(key.Id, await engine.TransactAsync(caller, async (transaction, ct) => await check(transaction, ct)
                ?? (await transaction.UpdateAsync(kind.Model, key.Id, ChangeOrAbandon, transition, ifMatch, ct)).Error, cancellationToken));
        return same is not null && changed.Error == Unchanged ? same : Translate(changed, nameOrId);

        Result<JsonText> ChangeOrAbandon(EntityRevision current)
        {
            same = null;
            if (ifMatch is { } expected && expected != current.Revision) return ResourceErrors.Modified(kind, nameOrId);
            var version = ResourceDocument.VersionOf(current.Document);
            if (version > kind.Version) return ResourceErrors.NewerVersion(kind, nameOrId);
            // an upcaster failed; writing it would hide that for good
            if (version < kind.Version) return ResourceErrors.Unreadable(kind, nameOrId);
            var next = change(current);
            if (!next.IsOk || transition is not null || !IsSame(next.Value, current.Document)) return next;
            same = current;
            return Unchanged;
        }
    }

    public ValueTask<Result<EntityRevision>> DeleteAsync(
        Caller caller, string nameOrId, Revision? ifMatch, CancellationToken cancellationToken) =>
        DeleteAsync(caller, nameOrId, ifMatch, null, cancellationToken);

    /// <param name="check">May find fault. What it reads in the transaction must still be so when the deletion takes effect. Null: no
    /// check.</param>
    public async ValueTask<Result<EntityRevision>> DeleteAsync(
        Caller caller, string nameOrId, Revision? ifMatch, WriteCheck? check, CancellationToken cancellationToken)
    {
        if (!(await lookup.FindAsync(caller, nameOrId, cancellationToken)).TryGet(out var key, out var error)) return error;
        caller = caller with { Tenant = key.Tenant };
        var deleted = hosted is null ? await EndAsync() : await hosted.DeleteAsync(key, EndAsync, cancellationToken);
        return Translate(deleted, nameOrId);

        async ValueTask<Result<EntityRevision>> EndAsync() => check is null
            ? await engine.DeleteAsync(caller, kind.Model, key.Id, ifMatch, cancellationToken)
            : Only(key.Id, await engine.TransactAsync(caller, async (transaction, ct) => await check(transaction, ct)
                ?? (await transaction.DeleteAsync(kind.Model, key.Id, ifMatch, ct)).Error, cancellationToken));
    }

    /// <summary>Of what was written, this one: a check may have written others.</summary>
    private static Result<EntityRevision> Only(EntityId id, Result<IReadOnlyList<EntityRevision>> written) =>
        written.IsOk ? Result.Of(written.Value.First(w => w.Id == id)) : written.Error;

    /// <summary>Newest first, with audit events; a resource that is deleted is found by id.</summary>
    public async ValueTask<Result<Page<EntityRevision>>> HistoryAsync(
        Caller caller, string nameOrId, int limit, string? cursor, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > PageLimits.Max) return ResourceErrors.BadLimit();
        if (!(await lookup.FindAsync(caller, nameOrId, cancellationToken)).TryGet(out var key, out var error)) return error;
        Revision before = default;
        if (cursor is not null)
        {
            if (!ResourceCursor.TryReadRevision(key.Tenant, key.Id, cursor, out before)) return ResourceErrors.BadCursor;
            if (before > await engine.Log.HeadAsync(key.Tenant, cancellationToken)) return ResourceErrors.BadCursor;
        }
        var found = await engine.Log.HistoryAsync(key.Tenant, key.Id, cursor is null ? null : before, limit, cancellationToken);
        if (found.Any(r => r.Model != kind.Model) || (found.Count == 0 && cursor is null)) return ResourceErrors.NotFound(kind, nameOrId);
        return new Page<EntityRevision>(found, !found.IsLast ? ResourceCursor.Of(key.Tenant, key.Id, found[^1].Revision) : null);
    }

    /// <summary>By meaning and not by bytes: a store may give members back in another order than they were written in.</summary>
    private static bool IsSame(JsonText a, JsonText b)
    {
        if (a == b) return true;
        using var first = a.Parse();
        using var second = b.Parse();
        return JsonElement.DeepEquals(first.RootElement, second.RootElement);
    }

    private Result<Scan> ToScan(ResourceQuery query)
    {
        if (query.Limit is < 1 or > PageLimits.Max) return ResourceErrors.BadLimit();
        var tenant = ScopeOf(query.Tenant);
        if (tenant is null && query.AsOf.Revision is not null) return ResourceErrors.RevisionOfAll();
        var scan = new Scan
        {
            Tenant = tenant,
            Model = kind.Model,
            Where = query.Where,
            AsOf = query.AsOf,
            Limit = Math.Min(query.Limit + 1, PageLimits.Max), // one more shows whether a page follows
            Descending = query.Descending,
            Deleted = query.Deleted,
        };
        if (query.Cursor is null) return scan;
        return ResourceCursor.TryReadPosition(scan, query.Cursor, out var position) ? scan with { After = position }
            : ResourceErrors.BadCursor;
    }

    private TenantId? ScopeOf(TenantId? tenant) => kind.Scope == KindScope.Platform ? TenantId.Platform : tenant;

    private Caller InScope(Caller caller) => caller with { Tenant = kind.TenantOf(caller) };

    /// <summary>The engine speaks of entities; a user asked for a resource by name.</summary>
    private Result<EntityRevision> Translate(Result<EntityRevision> result, string nameOrId) => result.Error?.Code switch
    {
        EngineErrors.EntityNotFound => ResourceErrors.NotFound(kind, nameOrId),
        EngineErrors.EntityModified => ResourceErrors.Modified(kind, nameOrId),
        EngineErrors.UniqueViolation when kind.UniqueKeys.FirstOrDefault(
            k => result.Error.Message.EndsWith($"\"{k.Id}\".", StringComparison.Ordinal)) is { } key =>
            ResourceErrors.Duplicate(kind, key),
        EngineErrors.UniqueViolation => ResourceErrors.NameTaken(kind, nameOrId),
        _ => result,
    };
}

