using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>The verbs on one kind's resources as entities: what the typed store and the JSON verbs have in common. Safe for concurrent use.</summary>
public sealed class KindStore(EntityEngine engine, Kind kind, TimeProvider time)
{
    /// <summary>Abandons a change that would change nothing; never leaves this class.</summary>
    private static readonly Error Unchanged = new(ErrorKind.Internal, "UNCHANGED", "Nothing changed.");

    private readonly ResourceLookup lookup = new(engine.Log, kind);
    private readonly ResourceDrafts drafts = new(engine.Log, kind);

    public Kind Kind => kind;

    public IEntityLog Log => engine.Log;

    public ValueTask<Result<EntityRevision>> GetAsync(Caller caller, string nameOrId, AsOf asOf, CancellationToken cancellationToken) =>
        lookup.ReadAsync(caller, nameOrId, asOf, cancellationToken);

    public async ValueTask<Result<Page<EntityRevision>>> ListAsync(ResourceQuery query, CancellationToken cancellationToken)
    {
        if (!ToScan(query).TryGet(out var scan, out var error)) return error;
        var found = await engine.Log.ScanAsync(scan, cancellationToken);
        var hasMore = found.Count > query.Limit || !found.IsLast;
        var items = found.Take(query.Limit).ToList();
        return new Page<EntityRevision>(items, hasMore ? ResourceCursor.Of(items[^1]) : null);
    }

    public async IAsyncEnumerable<EntityRevision> AllAsync(
        TenantId? tenant, Condition? where, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scan = new Scan { Tenant = ScopeOf(tenant), Model = kind.Model, Where = where, Limit = PageLimits.Max };
        while (true)
        {
            var page = await engine.Log.ScanAsync(scan, cancellationToken);
            foreach (var revision in page) yield return revision;
            if (page.IsLast) yield break;
            scan = scan with { After = new ScanPosition(page[^1].Tenant, page[^1].Id) };
        }
    }

    public async ValueTask<Result<EntityRevision>> CreateAsync(Caller caller, ResourceDraft draft, string? transition, CancellationToken cancellationToken)
    {
        var document = await drafts.CompleteAsync(caller, draft, cancellationToken);
        if (!document.IsOk) return document.Error;
        var created = await engine.CreateAsync(InScope(caller), kind.Model, caller.NewEntityId(0, time), document.Value, transition, cancellationToken);
        return Translate(created, draft.Name!);
    }

    /// <summary>A change that yields the document as it was, without a transition, commits nothing.</summary>
    public async ValueTask<Result<EntityRevision>> ChangeAsync(
        Caller caller, string nameOrId, DocumentChange change, string? transition, Revision? ifMatch, CancellationToken cancellationToken)
    {
        if (!(await lookup.FindAsync(caller, nameOrId, cancellationToken)).TryGet(out var key, out var error)) return error;
        EntityRevision? same = null;
        var changed = await engine.UpdateAsync(caller with { Tenant = key.Tenant }, kind.Model, key.Id, ChangeOrAbandon, transition, ifMatch, cancellationToken);
        return same is not null && changed.Error == Unchanged ? same : Translate(changed, nameOrId);

        Result<JsonText> ChangeOrAbandon(EntityRevision current)
        {
            same = null;
            if (ifMatch is { } expected && expected != current.Revision) return ResourceErrors.Modified(kind, nameOrId);
            var next = change(current);
            if (!next.IsOk || transition is not null || !IsSame(next.Value, current.Document)) return next;
            same = current;
            return Unchanged;
        }
    }

    public async ValueTask<Result<EntityRevision>> DeleteAsync(Caller caller, string nameOrId, Revision? ifMatch, CancellationToken cancellationToken)
    {
        if (!(await lookup.FindAsync(caller, nameOrId, cancellationToken)).TryGet(out var key, out var error)) return error;
        var deleted = await engine.DeleteAsync(caller with { Tenant = key.Tenant }, kind.Model, key.Id, ifMatch, cancellationToken);
        return Translate(deleted, nameOrId);
    }

    /// <summary>Newest first, with audit events; a resource that is deleted is found by id.</summary>
    public async ValueTask<Result<Page<EntityRevision>>> HistoryAsync(
        Caller caller, string nameOrId, int limit, string? cursor, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > PageLimits.Max) return ResourceErrors.BadLimit();
        Revision before = default;
        if (cursor is not null && !ResourceCursor.TryReadRevision(cursor, out before)) return ResourceErrors.BadCursor();
        if (!(await lookup.FindAsync(caller, nameOrId, cancellationToken)).TryGet(out var key, out var error)) return error;
        var found = await engine.Log.HistoryAsync(key.Tenant, key.Id, cursor is null ? null : before, limit, cancellationToken);
        if (found.Any(r => r.Model != kind.Model) || (found.Count == 0 && cursor is null)) return ResourceErrors.NotFound(kind, nameOrId);
        return new Page<EntityRevision>(found, !found.IsLast ? ResourceCursor.Of(found[^1].Revision) : null);
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
        ScanPosition position = default;
        if (query.Cursor is not null && !ResourceCursor.TryReadPosition(query.Cursor, out position)) return ResourceErrors.BadCursor();
        return new Scan
        {
            Tenant = tenant,
            Model = kind.Model,
            Where = query.Where,
            AsOf = query.AsOf,
            After = query.Cursor is null ? null : position,
            Limit = Math.Min(query.Limit + 1, PageLimits.Max), // one more tells whether a page follows
            Descending = query.Descending,
        };
    }

    private TenantId? ScopeOf(TenantId? tenant) => kind.Scope == KindScope.Platform ? TenantId.Platform : tenant;

    private Caller InScope(Caller caller) => caller with { Tenant = kind.TenantOf(caller) };

    /// <summary>The engine speaks of entities; a user asked for a resource by name.</summary>
    private Result<EntityRevision> Translate(Result<EntityRevision> result, string nameOrId) => result.Error?.Code switch
    {
        EngineErrors.EntityNotFound => ResourceErrors.NotFound(kind, nameOrId),
        EngineErrors.EntityModified => ResourceErrors.Modified(kind, nameOrId),
        EngineErrors.UniqueViolation => ResourceErrors.NameTaken(kind, nameOrId),
        _ => result,
    };
}
