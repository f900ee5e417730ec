using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>DELETE: at once, by a transition, or of what others belong to.</summary>
internal sealed partial class KindEndpoints
{
    private const int DeleteTriesMax = 5;

    public Task<Result<Answer>> DeleteAsync(ApiCall call) => DeleteAsync(call, null);

    /// <param name="onDeleted">Called with what was deleted, before the answer is sent.</param>
    public async Task<Result<Answer>> DeleteAsync(ApiCall call, Action<EntityRevision>? onDeleted)
    {
        if (!call.QueryFlag("force").TryGet(out var isForced, out var error)) return error;
        if (Kind.DeleteTransition is { } transition) return await ChangeAsync(call, null, transition, isForced);
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out error)) return error;
        if (Scoping.MayWrite(call.Principal, Kind, caller, creates: false) is { } refused) return refused;
        if (!call.IfMatchRevision().TryGet(out var ifMatch, out error)) return error;
        return await InTenantAsync(call, caller, default, async () =>
        {
            for (var attempt = 1; ; attempt++)
            {
                var answer = await DeleteOnceAsync();
                // Another DELETE at the same moment, which may have given up: a caller that names no revision means what is there now.
                if (ifMatch is not null || answer.Error?.Kind != ErrorKind.PreconditionFailed || attempt >= DeleteTriesMax) return answer;
            }
        });

        async Task<Result<Answer>> DeleteOnceAsync()
        {
            if (!(await FindAsync(call, caller, AsOf.Latest)).TryGet(out var found, out error)) return error;
            if (!Scoping.May(call.Principal, Kind.WritePermission, Kind, found)
                && !Scoping.May(call.Principal, Kind.ControlPermission, Kind, found))
                return ApiErrors.ForbiddenHere(Kind.WritePermission);
            // What only an operator may ask for, such as the host of the API, no one else takes away.
            if (!call.Principal.IsOperator && IsForOperators(found)) return ApiErrors.OperatorNeeded;
            var owner = caller with { Tenant = found.Tenant, Fence = call.Fence };
            var deleted = Kind.Deleting is { } mark
                ? await DeleteOwnerAsync(call, owner, found, mark, ifMatch, isForced)
                : await store.DeleteAsync(
                    owner with { Request = call.Request }, Kind.IdOf(found.Id), ifMatch, CheckOf(call, found, isForced), call.Aborted);
            if (!deleted.IsOk) return deleted.Error;
            onDeleted?.Invoke(deleted.Value);
            return One(deleted.Value);
        }
    }

    /// <summary>Also what cannot be read: it may be of a newer version.</summary>
    private bool IsForOperators(EntityRevision found)
    {
        using var json = found.Document.Parse();
        try
        {
            return json.RootElement.TryGetProperty("spec", out var spec) && Kind.CheckForOthers(JsonText.From(spec)).Any();
        }
        catch (JsonException)
        {
            return true;
        }
    }

    /// <summary>What no force overrides comes first: of two reasons the caller gets the one that remains.</summary>
    private WriteCheck? CheckOf(ApiCall call, EntityRevision found, bool isForced)
    {
        var needed = administrators.CheckOf(call.Principal, found)
            ?? (Kind.DeleteCheck is { } check ? (transaction, cancellationToken) =>
                check(transaction, found, cancellationToken) : (WriteCheck?)null);
        return needed.And(GuardOf(call, found, isForced));
    }

    private WriteCheck? GuardOf(ApiCall call, EntityRevision found, bool isForced) =>
        isForced ? guard?.ForcedOf(found) : guard?.CheckOf(call.Principal, found);

    /// <summary>
    /// Marks it before the check that counts, so that what is created in it from then on is refused, and what was created before is seen.
    /// From the mark on the caller's leaving no longer matters: the owner is deleted or the mark is taken back. A mark that a crash left
    /// behind is taken up, or taken back, by the next DELETE. The delete names the revision that was checked, so of two at once only one
    /// deletes.
    /// </summary>
    private async ValueTask<Result<EntityRevision>> DeleteOwnerAsync(
        ApiCall call, Caller caller, EntityRevision owner, DeletingMark mark, Revision? ifMatch, bool isForced)
    {
        var id = Kind.IdOf(owner.Id);
        if (ifMatch is { } expected && expected != owner.Revision) return ResourceErrors.Modified(Kind, NameOrId(call));
        if (IsNeeded(call.Principal, owner)) return ApiErrors.OrganizationNeeded(ResourceDocument.NameOf(owner));
        if (await CheckAsync(call.Aborted) is { } holds)
        {
            if (owner.State == mark.State) await CancelAsync();
            return holds;
        }
        var isDeleted = false;
        try
        {
            if (owner.State != mark.State)
            {
                var marked = await store.ChangeAsync(
                    caller, id, current => current.Document, mark.Begin, owner.Revision, CancellationToken.None);
                if (!marked.TryGet(out owner!, out var error)) return error;
            }
            if (await CheckAsync(CancellationToken.None) is { } notEmpty) return notEmpty;
            var deleted = await store.DeleteAsync(caller with { Request = call.Request }, id, owner.Revision, CancellationToken.None);
            isDeleted = deleted.IsOk;
            return deleted;
        }
        finally
        {
            if (!isDeleted) await CancelAsync();
        }

        ValueTask<Error?> CheckAsync(CancellationToken cancellationToken) => isForced && mark.Forced is not null
            ? default : belongings.CheckAsync(Kind, owner, cancellationToken);

        // fails if it is gone or no longer marked, which is just as good
        async Task CancelAsync() =>
            await store.ChangeAsync(caller, id, current => current.Document, mark.Cancel, null, CancellationToken.None);
    }

    /// <summary>
    /// The caller's own organization, and the one that holds the operator's token, cannot be deleted: their tokens would end with them.
    /// </summary>
    private bool IsNeeded(Principal principal, EntityRevision owner) => Kind == OrganizationKind.Kind
        && (ResourceDocument.NameOf(owner) == DefaultHosts.DefaultOrganization || principal.Tenant == new TenantId(owner.Id.Value));
}
