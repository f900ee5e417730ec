using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Http;
using Strata.Api.Shares;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// The verbs of one kind over HTTP. Reads need the kind's read permission, writes its write permission; status and foreign transitions need
/// control.
/// </summary>
internal sealed partial class KindEndpoints(
    KindStore store, OwnedResources belongings, Scoping scoping, Idempotency.Idempotency idempotency, AnswerMemory memory,
    AdministratorAccess administrators, ResourceLimit limit,
    IEnumerable<ISpecAdmission> admissions, IEnumerable<IDeletionGuard> guards)
{
    public const int BodyBytesMax = 1 << 20;
    private const string Json = "application/json";
    private const string MergePatchJson = "application/merge-patch+json";

    private readonly ListQuery query = new(store.Kind, scoping);

    private readonly ReferenceRights references = new(store.Log, store.Kind);

    private readonly ISpecAdmission? admission = admissions.FirstOrDefault(a => a.Kind == store.Kind);

    private readonly IDeletionGuard? guard = guards.FirstOrDefault(g => g.Kind == store.Kind);

    public Kind Kind => store.Kind;

    /// <summary>The filter of a list or watch.</summary>
    public ListQuery Query => query;

    public async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (!(await query.ReadFilterAsync(call, caller)).TryGet(out var filter, out error)) return error;
        if (!call.QueryInt("limit", PageLimits.Default, 1, PageLimits.Max).TryGet(out var limit, out error)) return error;
        if (!call.Query("cursor").TryGet(out var cursor, out error)) return error;
        if (!call.QueryAt().TryGet(out var asOf, out error)) return error;
        if (!call.QueryFlag("deleted").TryGet(out var isDeleted, out error)) return error;
        if (isDeleted && !asOf.IsLatest) return ApiErrors.Query("deleted", "does not go with at.", "Leave out deleted or at.");
        TenantId? tenant = caller.Tenant == TenantId.Platform ? null : caller.Tenant;
        if (Kind.Scope == KindScope.Platform) tenant = TenantId.Platform;
        var asked = new ResourceQuery(tenant, filter.Both, asOf, limit, cursor, Deleted: isDeleted);
        return await HeldAsync(call, () => store.ListAsync(asked, call.Aborted));
    }

    public async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (!call.QueryAt().TryGet(out var asOf, out error)) return error;
        if (!(await FindAsync(call, caller, asOf)).TryGet(out var found, out error)) return error;
        if (memory.Hold(call.Http, call.Principal.Tenant, found) is { } busy) return busy;
        return One(found, call.Principal);
    }

    public async Task<Result<Answer>> HistoryAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (!call.QueryInt("limit", PageLimits.Default, 1, PageLimits.Max).TryGet(out var limit, out error)) return error;
        if (!call.Query("cursor").TryGet(out var cursor, out error)) return error;
        return await HeldAsync(call, async () =>
        {
            var page = await store.HistoryAsync(caller, NameOrId(call), limit, cursor, call.Aborted);
            if (!page.TryGet(out var read, out _)) return page;
            if (read.Items.Any(r => !Scoping.Sees(call.Principal, Kind, r))) return ResourceErrors.NotFound(Kind, NameOrId(call));
            return read.Items is [var newest, ..] && await scoping.OtherProjectAsync(call, Kind, newest) is { } other ? other : page;
        });
    }

    /// <summary>A page counts against the memory for answers until it was sent.</summary>
    private async Task<Result<Answer>> HeldAsync(ApiCall call, Func<ValueTask<Result<Page<EntityRevision>>>> read)
    {
        var lease = await memory.EnterAsync(call.Principal.Tenant, call.Aborted);
        call.Http.Response.RegisterForDispose(lease);
        if (!(await read()).TryGet(out var page, out var error)) return error;
        AnswerMemory.Charge(lease, page.Items);
        return Page(page, call.Principal);
    }

    public async Task<Result<Answer>> CreateAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (Scoping.MayWrite(call.Principal, Kind, caller, creates: true) is { } refused) return refused;
        var read = await call.ReadObjectAsync(BodyBytesMax, Json);
        if (!read.IsOk) return read.Error;
        using var body = read.Value;
        var draft = KindBodies.ReadNew(Kind, body.RootElement);
        if (draft.Faults.Count == 0 && !call.Principal.IsOperator) draft.Faults.AddRange(Kind.CheckForOthers(draft.Spec));
        if (call.Principal.IsSplit && draft.Project is { } named
            && (await scoping.ProjectIdAsync(caller, named, call.Aborted)).TryGet(out var project, out _)) call.Narrow(project);
        if (call.Principal.Project is { } own)
        {
            if (Kind.Scope != KindScope.Project) return ApiErrors.WholeOrganization;
            draft = await InProjectAsync(caller, draft, own, call.Aborted);
            if (draft.Faults.Count == 0) draft.Faults.AddRange(await references.CheckAsync(call, caller, draft.Spec));
        }
        if (await RefuseCreateAsync(call, caller, draft) is { } outside) return outside;
        var tenant = Kind.TenantOf(caller);
        if (admission is not null && body.RootElement.TryGetProperty("spec", out var spec) && spec.ValueKind == JsonValueKind.Object)
        {
            if (!(await admission.CheckAsync(call.Principal, tenant, spec, call.Aborted)).TryGet(out var fault, out error)) return error;
            if (fault is not null) draft.Faults.Add(fault);
        }
        return await idempotency.RunAsync(call, tenant, Raw(body), async () =>
        {
            if (await limit.CheckAsync(Kind, tenant, call.Aborted) is { } full) return full;
            var created = await store.CreateAsync(caller with { Request = call.Request, Fence = call.Fence }, draft, null, call.Aborted);
            return created.IsOk ? Created(created.Value) : created.Error;
        }, written => Created(written[0]));
    }

    /// <summary>
    /// A grant for some resources lets only such be created; names of projects become ids first, which is what grants name.
    /// </summary>
    private async ValueTask<Error?> RefuseCreateAsync(ApiCall call, Caller caller, ResourceDraft draft)
    {
        var permission = Kind.UserCreates ? Kind.WritePermission : Kind.ControlPermission;
        if (draft.Faults.Count > 0 || call.Principal.Narrow(permission, Kind) is not { } covered) return null;
        var project = draft.Project is { } named && (await scoping.ProjectIdAsync(caller, named, call.Aborted)).TryGet(out var id, out _)
            ? id : draft.Project;
        return ConditionEvaluator.Matches(covered, store.Preview(caller, draft with { Project = project }))
            ? null : ApiErrors.ForbiddenHere(permission);
    }

    public async Task<Result<Answer>> PatchAsync(ApiCall call)
    {
        var read = await call.ReadObjectAsync(BodyBytesMax, MergePatchJson, Json);
        if (!read.IsOk) return read.Error;
        using var body = read.Value;
        return await ChangeAsync(call, body, transition: null);
    }

    public async Task<Result<Answer>> TransitionAsync(ApiCall call)
    {
        var read = await call.ReadBodyAsync(BodyBytesMax, MergePatchJson, Json);
        if (!read.IsOk) return read.Error;
        if (read.Value.IsEmpty) return await ChangeAsync(call, null, call.Route("transition"));
        var json = JsonGuard.Check(read.Value);
        if (!json.IsOk) return json.Error;
        using var body = json.Value.Parse();
        return body.RootElement.ValueKind == JsonValueKind.Object
            ? await ChangeAsync(call, body, call.Route("transition"))
            : ApiErrors.Body("a JSON object");
    }

    /// <summary>A merge patch, a transition, or both in one commit.</summary>
    /// <param name="isForced">Of a transition that deletes.</param>
    private async Task<Result<Answer>> ChangeAsync(ApiCall call, JsonDocument? body, string? transition, bool isForced = false)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (Kind.Scope == KindScope.Project && (call.Principal.IsSplit || Scoping.NamedProject(call) is not null))
        {
            if (!(await FindAsync(call, caller, AsOf.Latest)).TryGet(out var changed, out error)) return error;
            if (call.Principal.IsSplit) call.Narrow(ResourceDocument.ProjectOf(changed)!);
        }
        if (Scoping.MayWrite(call.Principal, Kind, caller, creates: false) is { } refused) return refused;
        if (!call.IfMatchRevision().TryGet(out var ifMatch, out error)) return error;
        var patch = PatchParts.None;
        if (body is not null && !KindBodies.ReadPatch(Kind, body.RootElement).TryGet(out patch, out error)) return error;
        var needed = Needed(patch!, transition);
        if (needed.FirstOrDefault(x => !call.Principal.May(x)) is { } missing) return ApiErrors.Forbidden(missing);
        if (patch!.Spec is { } spec && admission is not null)
        {
            if (!(await admission.CheckAsync(call.Principal, caller.Tenant, spec, call.Aborted)).TryGet(out var fault, out error))
                return error;
            if (fault is not null) return ResourceErrors.Invalid(Kind, [fault]);
        }
        if (!(await ResolveAsync(call, caller, patch!)).TryGet(out patch, out error)) return error;
        var check = store.EnvironmentCheckOf(patch!.Spec, patch.Labels)
            .And(await CheckOfChangeAsync(call, caller, patch, transition, isForced));
        return await InTenantAsync(call, caller, body is null ? default : Raw(body), async () =>
        {
            var writer = caller with { Request = call.Request, Fence = call.Fence };
            var changed = await store.ChangeAsync(writer, NameOrId(call), Change, transition, ifMatch, check, call.Aborted);
            return changed.IsOk ? One(changed.Value) : changed.Error;
        });

        Result<JsonText> Change(EntityRevision current)
        {
            if (!Scoping.Sees(call.Principal, Kind, current)) return ResourceErrors.NotFound(Kind, NameOrId(call));
            if (Uncovered(current) is { } uncovered) return uncovered;
            if (patch.IsEmpty) return current.Document;
            if (patch.Labels is not null && !call.Principal.MayRelabel(Kind.WritePermission, Kind,
                current)) return ApiErrors.LabelsAreRights;
            if (!store.IsReadable(current)) return ResourceErrors.Unreadable(Kind, NameOrId(call));
            var changed = KindBodies.Apply(Kind, current, patch, call.Principal.IsOperator);
            return changed.IsOk && Uncovered(current with { Document = changed.Value }) is { } moved ? moved : changed;
        }

        // Before and after: a grant for some resources neither reaches others nor moves its own among them.
        Error? Uncovered(EntityRevision resource) =>
            needed.FirstOrDefault(x => !Scoping.May(call.Principal, x, Kind, resource)) is { } permission
                ? ApiErrors.ForbiddenHere(permission) : null;
    }

    /// <summary>A transition of what lets an administrator in may shut it, as that of a provider does, and so may another spec.</summary>
    private async ValueTask<WriteCheck?> CheckOfChangeAsync(
        ApiCall call, Caller caller, PatchParts patch, string? transition, bool isForced)
    {
        var isDeletion = guard is not null && transition is not null && transition == Kind.DeleteTransition;
        var isGuarded = administrators.Guards(Kind) && (transition is not null || patch.Spec is not null);
        var reference = Kind.ReferenceCheck is not null && patch.Spec is { } spec && new SpecReferences(store.Log, Kind).AreIn(spec)
            ? spec : (JsonElement?)null;
        if (!isGuarded && !isDeletion && reference is null) return null;
        if (!(await FindAsync(call, caller, AsOf.Latest)).TryGet(out var found, out var missing))
            return missing.Kind == ErrorKind.NotFound ? null : (_, _) => new(missing); // the write itself says what is not there
        var check = isDeletion ? GuardOf(call, found, isForced) : null;
        if (isGuarded) return administrators.CheckOf(call.Principal, found).And(check);
        return reference is not { } changed ? check : check.And(
            (transaction, cancellationToken) => Kind.ReferenceCheck!(transaction, found, changed, cancellationToken));
    }

    /// <summary>Puts ids where the patch names other resources.</summary>
    private async ValueTask<Result<PatchParts>> ResolveAsync(ApiCall call, Caller caller, PatchParts patch)
    {
        var named = new SpecReferences(store.Log, Kind);
        if (patch.Spec is not { } spec || !named.AreIn(spec)) return patch;
        if (!(await FindAsync(call, caller, AsOf.Latest)).TryGet(out var current, out var error)) return error;
        caller = caller with { Tenant = current.Tenant };
        var faults = await references.CheckAsync(call, caller, JsonText.From(spec));
        var resolved = await named.ResolveAsync(
            caller, ResourceDocument.ProjectOf(current), JsonText.From(spec), faults, call.Aborted);
        return faults.Count > 0 ? ResourceErrors.Invalid(Kind, faults) : patch with { Spec = JsonElement.Parse(resolved.Utf8.Span) };
    }

    /// <summary>The status, and transitions that are not the user's, need control; a spec needs write.</summary>
    private List<string> Needed(PatchParts patch, string? transition)
    {
        var isUsers = transition is null || Kind.UserTransitions.Contains(transition) || transition == Kind.DeleteTransition;
        var needsControl = patch.Status is not null || !isUsers || (patch.Spec is not null && !Kind.UserChangesSpec);
        var needsWrite = (patch.Spec is not null && Kind.UserChangesSpec) || patch.Labels is not null || (transition is not null && isUsers)
            || patch.IsEmpty && transition is null;
        var needed = new List<string>(2);
        if (needsControl) needed.Add(Kind.ControlPermission);
        if (needsWrite) needed.Add(Kind.WritePermission);
        return needed;
    }

    /// <summary>
    /// Runs a write on an existing resource once per Idempotency-Key. Where a platform caller gives only an id, its organization is looked
    /// up first.
    /// </summary>
    private async Task<Result<Answer>> InTenantAsync(ApiCall call, Caller caller, ReadOnlyMemory<byte> body, Func<Task<Result<Answer>>> act)
    {
        var tenant = Kind.TenantOf(caller);
        var isAnywhere = tenant == TenantId.Platform && Kind.Scope != KindScope.Platform;
        if (isAnywhere && call.Http.Request.Headers.ContainsKey(Idempotency.Idempotency.Header))
        {
            var found = await store.GetAsync(caller, NameOrId(call), AsOf.Latest, call.Aborted);
            if (!found.IsOk) return found.Error;
            tenant = found.Value.Tenant;
        }
        return await idempotency.RunAsync(
            call, tenant, body, act, written => One(written.FirstOrDefault(w => w.Model == Kind.Model) ?? written[0]));
    }

    private async ValueTask<Result<EntityRevision>> FindAsync(ApiCall call, Caller caller, AsOf asOf)
    {
        var found = await store.GetAsync(caller, NameOrId(call), asOf, call.Aborted);
        if (!found.TryGet(out var resource, out _)) return found;
        if (!Scoping.Sees(call.Principal, Kind, resource)) return ResourceErrors.NotFound(Kind, NameOrId(call));
        return await scoping.OtherProjectAsync(call, Kind, resource) is { } other ? other : found;
    }

    /// <summary>
    /// A principal of one project creates in that one, whether it says so or not; another is refused as one that does not exist.
    /// </summary>
    private async ValueTask<ResourceDraft> InProjectAsync(
        Caller caller, ResourceDraft draft, string own, CancellationToken cancellationToken)
    {
        if (draft.Project is null) return draft with { Project = own };
        var named = await scoping.ProjectIdAsync(caller, draft.Project, cancellationToken);
        if (named.IsOk && named.Value == own) return draft;
        draft.Faults.Add(new ValidationError("project", ResourceErrors.NotFound(ProjectKind.Kind, draft.Project).Message));
        return draft with { Project = own }; // the one named is not looked at again: its state would show that it exists
    }

    /// <param name="reader">Null: the caller that wrote it.</param>
    private JsonAnswer One(EntityRevision revision, Principal? reader = null)
    {
        var shown = reader is null ? Shown.Whole : Scoping.ShownTo(reader);
        return new(json => ResourceWriter.Write(json, Kind, revision, shown), StatusCodes.Status200OK) { ETag = revision.Revision.Value };
    }

    private JsonAnswer Created(EntityRevision revision) =>
        new(json => ResourceWriter.Write(json, Kind, revision, Shown.Whole), StatusCodes.Status201Created)
    {
        ETag = revision.Revision.Value,
        Location = $"/api/v1/{Kind.Plural}/{Kind.IdOf(revision.Id)}",
    };

    private JsonAnswer Page(Page<EntityRevision> page, Principal reader) => new(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var item in page.Items.Where(store.IsReadable)) ResourceWriter.Write(json, Kind, item, Scoping.ShownTo(reader));
        json.WriteEndArray();
        if (page.Next is not null) json.WriteString("nextCursor", page.Next);
        json.WriteEndObject();
    }, StatusCodes.Status200OK);

    private static string NameOrId(ApiCall call) => call.Route("nameOrId");

    private static ReadOnlyMemory<byte> Raw(JsonDocument body) =>
        System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(body.RootElement).ToArray();
}
