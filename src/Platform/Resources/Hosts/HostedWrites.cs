using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Hosts;

/// <summary>
/// Wraps the writes of a kind with hosts: claim, write, confirm; and release behind the last use. Safe for concurrent use.
/// </summary>
internal sealed class HostedWrites(EntityEngine engine, Kind kind, TimeProvider time)
{
    /// <summary>Abandons a change until its new host is claimed; never leaves this class.</summary>
    private static readonly Error Unclaimed = new(ErrorKind.Conflict, "HOST_UNCLAIMED", "The host is not claimed yet.");

    private const string Actor = "system:hosts";

    private readonly HostClaims claims = new(engine, time);

    public async ValueTask<Result<EntityRevision>> CreateAsync(
        Caller caller, CompleteDraft draft, Func<ValueTask<Result<EntityRevision>>> write, CancellationToken cancellationToken)
    {
        if (HostOf(draft.Document) is not { } host) return await write();
        var project = draft.Project!;
        if (!(await claims.ClaimAsync(kind, caller.Tenant, project, host, cancellationToken)).TryGet(out var isNew, out var error))
            return error;
        var written = await write();
        if (!written.IsOk)
        {
            if (isNew) await ReleaseAsync(caller.Tenant, host, cancellationToken); // an older claim is for its other users to release
            return written;
        }
        if (await claims.ConfirmAsync(kind, caller.Tenant, project, host, cancellationToken)) return written;
        await engine.DeleteAsync(caller with { Request = null }, kind.Model, written.Value.Id, null, cancellationToken);
        return HostErrors.Taken(host);
    }

    /// <summary>Changes that keep the host, as nearly all do, cost nothing more.</summary>
    public async ValueTask<Result<EntityRevision>> ChangeAsync(
        ResourceKey key, DocumentChange change, Func<DocumentChange, ValueTask<Result<EntityRevision>>> write,
        CancellationToken cancellationToken)
    {
        string? claimed = null, wanted = null, former = null, project = null;
        var before = JsonText.EmptyObject;
        var changed = await write(CheckHost);
        if (changed.Error != Unclaimed) return changed;
        if (!(await claims.ClaimAsync(kind, key.Tenant, project!, wanted!, cancellationToken)).TryGet(out var isNew, out var error))
            return error;
        claimed = wanted;
        changed = await write(CheckHost);
        if (!changed.IsOk)
        {
            if (isNew) await ReleaseAsync(key.Tenant, claimed!, cancellationToken);
            return changed.Error == Unclaimed ? HostErrors.Taken(wanted!) : changed;
        }
        if (!await claims.ConfirmAsync(kind, key.Tenant, project!, claimed!, cancellationToken))
        {
            await engine.UpdateAsync(
                new Caller(key.Tenant, Actor), kind.Model, key.Id, _ => before, null, changed.Value.Revision, cancellationToken);
            return HostErrors.Taken(claimed!);
        }
        if (former is not null) await ReleaseAsync(key.Tenant, former, cancellationToken);
        return changed;

        Result<JsonText> CheckHost(EntityRevision current)
        {
            if (!change(current).TryGet(out var next, out var fault)) return fault;
            before = current.Document;
            (former, wanted, project) = (HostOf(current.Document), HostOf(next), ResourceDocument.ProjectOf(current));
            return wanted is null || wanted == former || wanted == claimed ? next : Unclaimed;
        }
    }

    public async ValueTask<Result<EntityRevision>> DeleteAsync(
        ResourceKey key, Func<ValueTask<Result<EntityRevision>>> end, CancellationToken cancellationToken)
    {
        var current = await engine.Log.ReadAsync(key.Tenant, key.Id, AsOf.Latest, cancellationToken);
        var host = current is null ? null : HostOf(current.Document);
        var claim = host is null ? null : await claims.FindAsync(key.Tenant, host, cancellationToken);
        var deleted = await end();
        if (deleted.IsOk && claim is not null) await claims.ReleaseAsync(claim, cancellationToken);
        return deleted;
    }

    private async ValueTask ReleaseAsync(TenantId tenant, string host, CancellationToken cancellationToken)
    {
        if (await claims.FindAsync(tenant, host, cancellationToken) is { } claim) await claims.ReleaseAsync(claim, cancellationToken);
    }

    private string? HostOf(JsonText document) => kind.Hosts!.HostOf(document);
}
