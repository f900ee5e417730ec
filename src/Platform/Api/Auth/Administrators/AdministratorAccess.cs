using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Administrators;

/// <summary>
/// Keeps people from locking themselves out. Invariant: a token, client or provider that lets an administrator in is removed only while
/// another one of its organization does, and an operator's token only while another one of its organization, or one of the default
/// organization, is good. Operators who act in another organization, and the platform's own parts, are not held to the first: they can
/// issue a token there at any time. Safe for concurrent use.
/// </summary>
public sealed class AdministratorAccess
{
    private readonly IEntityLog log;
    private readonly TokenAdministrators tokens;
    private readonly IReadOnlyList<IAdministratorSource> sources;

    private readonly IReadOnlyList<IHeldRights> rights;

    internal AdministratorAccess(
        IEntityLog log, TokenAdministrators tokens, IEnumerable<IAdministratorSource> sources, IEnumerable<IHeldRights> rights) =>
        (this.log, this.tokens, this.sources, this.rights) = (log, tokens, [tokens, .. sources], [.. rights]);

    /// <summary>What a removal of this resource, or a change that may shut it to administrators, has to find in its own transaction, so
    /// that of two that are removed at once one stays.</summary>
    /// <returns>Null where nothing has to be found, which costs no read.</returns>
    public WriteCheck? CheckOf(Principal principal, EntityRevision removed)
    {
        var last = CheckOfLast(principal, removed);
        if (principal.IsPlatform || rights.FirstOrDefault(r => r.Kind.Model == removed.Model) is not { } held) return last;
        return async (transaction, cancellationToken) => await held.RefuseAsync(principal, removed, cancellationToken)
            ?? (last is null ? null : await last(transaction, cancellationToken));
    }

    private WriteCheck? CheckOfLast(Principal principal, EntityRevision removed)
    {
        var needsAdministrator = !principal.IsPlatform && !principal.IsOperatorElsewhere
            && sources.Any(s => s.Kind.Model == removed.Model && s.Admits(removed));
        var needsOperator = tokens.IsOperator(removed);
        if (!needsAdministrator && !needsOperator) return null;
        return async (transaction, cancellationToken) =>
        {
            if (needsOperator && !await HasOperatorAsync(removed, transaction, cancellationToken))
                return ApiErrors.LastOperator(ResourceDocument.NameOf(removed));
            return needsAdministrator && !await HasAdministratorAsync(removed, transaction, cancellationToken)
                ? ApiErrors.LastAdministrator(ResourceDocument.NameOf(removed))
                : null;
        };
    }

    /// <summary>Whether changes of resources of this kind have to be checked.</summary>
    public bool Guards(Kind kind) => sources.Any(s => s.Kind == kind) || rights.Any(r => r.Kind == kind);

    /// <summary>As <see cref="CheckOf"/>, for a resource that may be gone already: then nothing has to be found.</summary>
    public async ValueTask<WriteCheck?> CheckOfAsync(Principal principal, EntityId removed, CancellationToken cancellationToken) =>
        await log.ReadAsync(principal.Tenant, removed, AsOf.Latest, cancellationToken) is { } revision
            ? CheckOf(principal, revision) : null;

    private async ValueTask<bool> HasAdministratorAsync(
        EntityRevision removed, EntityTransaction transaction, CancellationToken cancellationToken)
    {
        foreach (var source in sources)
        {
            if (await HasOtherAsync(
                removed, removed.Tenant, source.Kind, source.Where, source.Admits, transaction, cancellationToken, source.IsUsableAsync))
                return true;
        }
        return false;
    }

    /// <summary>
    /// In the same organization, or in the default one, which cannot be deleted. A witness in another organization is read outside of the
    /// transaction, so the default organization's own last operator has none elsewhere: of two that are removed at once in two
    /// organizations one stays.
    /// </summary>
    private async ValueTask<bool> HasOperatorAsync(
        EntityRevision removed, EntityTransaction transaction, CancellationToken cancellationToken) =>
        await HasOtherAsync(
            removed, removed.Tenant, TokenKind.Kind, TokenAdministrators.OfOperators, tokens.IsOperator, transaction, cancellationToken)
        || (await DefaultOrganizationAsync(cancellationToken) is { } home && home != removed.Tenant
            && await HasOtherAsync(
                removed, home, TokenKind.Kind, TokenAdministrators.OfOperators, tokens.IsOperator, null, cancellationToken));

    private async ValueTask<TenantId?> DefaultOrganizationAsync(CancellationToken cancellationToken)
    {
        var platform = new Caller(TenantId.Platform, "system:administrators");
        var found = await new ResourceLookup(log, OrganizationKind.Kind)
            .ReadAsync(platform, DefaultHosts.DefaultOrganization, AsOf.Latest, cancellationToken);
        return found.IsOk ? new TenantId(found.Value.Id.Value) : null;
    }

    /// <param name="tenant">Null: any organization.</param>
    private async ValueTask<bool> HasOtherAsync(
        EntityRevision removed, TenantId? tenant, Kind kind, Condition? where, Func<EntityRevision, bool> counts,
        EntityTransaction? transaction, CancellationToken cancellationToken,
        Func<EntityRevision, CancellationToken, ValueTask<bool>>? isUsable = null)
    {
        var scan = new Scan { Tenant = tenant, Model = kind.Model, Where = where, Limit = PageLimits.Max };
        await foreach (var page in log.PagesAsync(scan, cancellationToken))
        {
            foreach (var other in page)
            {
                if (other.Id == removed.Id || other.Tenant == TenantId.Platform || !counts(other)) continue;
                // The remains of a deleted organization grant no access.
                if (!await log.IsActiveAsync(other.Tenant, cancellationToken)) continue;
                if (isUsable is not null && !await isUsable(other, cancellationToken)) continue;
                if (transaction is null) return true;
                // The commit validates what was read, which may be newer than what was found.
                if ((await transaction.ReadAsync(other.Id, cancellationToken)).TryGet(out var read, out _) && counts(read)) return true;
            }
        }
        return false;
    }
}
