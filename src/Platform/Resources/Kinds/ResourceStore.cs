using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>
/// The verbs on one kind's resources, typed. Safe for concurrent use. Kinds of the platform live in the platform's log, regardless of the
/// caller; all others in the caller's.
/// </summary>
public sealed class ResourceStore<TSpec, TStatus>(EntityEngine engine, Kind<TSpec, TStatus> kind, TimeProvider time)
{
    private readonly KindStore store = new(engine, kind, time);

    public Kind<TSpec, TStatus> Kind => kind;

    /// <summary>By name or id; NOT_FOUND otherwise. As of then, a name is what it was then.</summary>
    public async ValueTask<Result<Resource<TSpec, TStatus>>> GetAsync(
        Caller caller, string nameOrId, AsOf asOf, CancellationToken cancellationToken) =>
        ToResource(await store.GetAsync(caller, nameOrId, asOf, cancellationToken));

    /// <summary>
    /// One page; <paramref name="query"/>'s condition speaks of <c>$.name</c>, <c>$.project</c>, <c>$.labels</c>, <c>$.spec</c>,
    /// <c>$.status</c> and state.
    /// </summary>
    public async ValueTask<Result<Page<Resource<TSpec, TStatus>>>> ListAsync(ResourceQuery query, CancellationToken cancellationToken) =>
        ToPage(await store.ListAsync(query, cancellationToken));

    /// <summary>Every resource that meets a condition, of one organization or (null) of all: for controllers.</summary>
    public async IAsyncEnumerable<Resource<TSpec, TStatus>> AllAsync(
        TenantId? tenant, Condition? where, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var revision in store.AllAsync(tenant, where, cancellationToken))
        {
            if (TryToResource(revision) is { } resource) yield return resource;
        }
    }

    /// <summary>The same verbs on resources as entities.</summary>
    internal KindStore Untyped => store;

    /// <summary>
    /// Creates a resource; every fault of the input is reported (VALIDATION_FAILED), a name that is in use is NAME_TAKEN.
    /// </summary>
    public ValueTask<Result<Resource<TSpec, TStatus>>> CreateAsync(
        Caller caller, NewResource<TSpec> resource, string? transition, CancellationToken cancellationToken) =>
        CreateAsync(caller, resource, kind.InitialStatus, transition, cancellationToken);

    /// <summary>As the other, with another status than the kind's initial one.</summary>
    public async ValueTask<Result<Resource<TSpec, TStatus>>> CreateAsync(
        Caller caller, NewResource<TSpec> resource, TStatus status, string? transition, CancellationToken cancellationToken)
    {
        var draft = new ResourceDraft
        {
            Name = resource.Name,
            Project = resource.Project,
            Labels = resource.Labels,
            Spec = JsonText.From(resource.Spec, WireJson.Of<TSpec>()),
            Status = JsonText.From(status, WireJson.Of<TStatus>()),
        };
        draft.Faults.AddRange(kind.Check(resource.Spec));
        return ToResource(await store.CreateAsync(caller, draft, transition, cancellationToken));
    }

    /// <summary>
    /// Changes spec, status or labels and takes a transition, in one commit. The change sees the resource as it is now and may refuse; it
    /// may run more than once. Without a transition, a change that changes nothing commits nothing.
    /// </summary>
    public async ValueTask<Result<Resource<TSpec, TStatus>>> ChangeAsync(
        Caller caller,
        string nameOrId,
        Func<Resource<TSpec, TStatus>, Result<Resource<TSpec, TStatus>>> change,
        string? transition,
        Revision? ifMatch,
        CancellationToken cancellationToken) =>
        await ChangeAsync(caller, nameOrId, change, transition, ifMatch, null, cancellationToken);

    /// <summary>As the other, unless the check (null: none) finds fault.</summary>
    public async ValueTask<Result<Resource<TSpec, TStatus>>> ChangeAsync(
        Caller caller,
        string nameOrId,
        Func<Resource<TSpec, TStatus>, Result<Resource<TSpec, TStatus>>> change,
        string? transition,
        Revision? ifMatch,
        WriteCheck? check,
        CancellationToken cancellationToken) =>
        ToResource(
            await store.ChangeAsync(caller, nameOrId, current => Apply(change, current), transition, ifMatch, check, cancellationToken));

    /// <summary>Deletes the entity itself; see <see cref="Kind.DeleteTransition"/> for the user's delete.</summary>
    public ValueTask<Result<Done>> DeleteAsync(Caller caller, string nameOrId, Revision? ifMatch, CancellationToken cancellationToken) =>
        DeleteAsync(caller, nameOrId, ifMatch, null, cancellationToken);

    /// <summary>As the other, unless the check (null: none) finds fault.</summary>
    public async ValueTask<Result<Done>> DeleteAsync(
        Caller caller, string nameOrId, Revision? ifMatch, WriteCheck? check, CancellationToken cancellationToken)
    {
        var deleted = await store.DeleteAsync(caller, nameOrId, ifMatch, check, cancellationToken);
        return deleted.IsOk ? default(Done) : deleted.Error;
    }

    /// <summary>The resource at each of its revisions, newest first, its deletion included.</summary>
    public async ValueTask<Result<Page<Resource<TSpec, TStatus>>>> HistoryAsync(
        Caller caller, string nameOrId, int limit, string? cursor, CancellationToken cancellationToken) =>
        ToPage(await store.HistoryAsync(caller, nameOrId, limit, cursor, cancellationToken));

    /// <summary>The resource that a revision of this kind's model holds.</summary>
    public Resource<TSpec, TStatus> ToResource(EntityRevision revision) => ResourceDocument.ToResource<TSpec, TStatus>(kind, revision);

    /// <summary>Null where its document cannot be read: one of them must not end a listing, which may be of all organizations.</summary>
    public Resource<TSpec, TStatus>? TryToResource(EntityRevision revision)
    {
        try
        {
            var resource = ToResource(revision);
            engine.Unreadable.Remove(revision);
            return resource;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NotSupportedException)
        {
            engine.Unreadable.Add(revision, e);
            return null;
        }
    }

    /// <summary>A change of a resource as one of its document, for what is done in a transaction.</summary>
    public DocumentChange ToChange(Func<Resource<TSpec, TStatus>, Result<Resource<TSpec, TStatus>>> change) =>
        current => Apply(change, current);

    private Result<JsonText> Apply(Func<Resource<TSpec, TStatus>, Result<Resource<TSpec, TStatus>>> change, EntityRevision revision)
    {
        var current = ToResource(revision);
        if (!change(current).TryGet(out var next, out var error)) return error;
        var spec = JsonText.From(next.Spec, WireJson.Of<TSpec>());
        List<ValidationError> faults = [.. Labels.Check(next.Labels)];
        if (spec != JsonText.From(current.Spec, WireJson.Of<TSpec>())) faults.AddRange(kind.Check(next.Spec));
        if (faults.Count > 0) return ResourceErrors.Invalid(kind, faults);
        return ResourceDocument.Write(
            kind, current.Name, current.Project, next.Labels, spec, JsonText.From(next.Status, WireJson.Of<TStatus>()));
    }

    private Result<Resource<TSpec, TStatus>> ToResource(Result<EntityRevision> revision) => revision.IsOk
        ? ToResource(revision.Value) : revision.Error;

    private Result<Page<Resource<TSpec, TStatus>>> ToPage(Result<Page<EntityRevision>> page) =>
        page.IsOk ? new Page<Resource<TSpec, TStatus>>(
            [.. page.Value.Items.Select(TryToResource).OfType<Resource<TSpec, TStatus>>()], page.Value.Next) : page.Error;
}

/// <summary>A list request.</summary>
/// <param name="Tenant">Null: of all organizations.</param>
/// <param name="Descending">Newest first; oldest first otherwise.</param>
/// <param name="Deleted">The deleted ones instead, as they were when they were deleted; of now only.</param>
public sealed record ResourceQuery(
    TenantId? Tenant, Condition? Where = null, AsOf AsOf = default, int Limit = PageLimits.Default, string? Cursor = null,
    bool Descending = false, bool Deleted = false);
