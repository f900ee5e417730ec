using System.Runtime.CompilerServices;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Explaining;
using Strata.Core;
using Strata.Identity.Bindings;
using MembershipResource = Strata.Core.Resource<Strata.Contracts.MembershipSpec, Strata.Core.Nothing>;

namespace Strata.Identity.Memberships;

/// <summary>People as those who open an organization's API: <c>person/NAME</c>.</summary>
internal sealed class MemberHolders(MembershipStore memberships, BindingStore bindings, RoleGrants roles) : IAccessHolders
{
    public string Kind => "person";

    public async IAsyncEnumerable<AccessHolder> AllAsync(
        TenantId organization, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var membership in memberships.AllAsync(organization, cancellationToken))
            yield return await HolderAsync(organization, membership, cancellationToken);
    }

    public async ValueTask<AccessHolder?> FindAsync(TenantId organization, string nameOrId, CancellationToken cancellationToken) =>
        await memberships.FindAsync(organization, nameOrId, cancellationToken) is { } membership
            ? await HolderAsync(organization, membership, cancellationToken) : null;

    private async ValueTask<AccessHolder> HolderAsync(
        TenantId organization, MembershipResource membership, CancellationToken cancellationToken)
    {
        var held = new List<HeldRole>();
        foreach (var name in membership.Spec.Roles.Distinct(StringComparer.Ordinal))
            held.Add(new HeldRole(name, await roles.FindAsync(organization, name, cancellationToken)));
        var all = held.SelectMany(r => r.Permissions ?? new HashSet<string>()).ToHashSet(StringComparer.Ordinal);
        var bound = await bindings.OfPersonAsync(organization, membership.Name, cancellationToken);
        var principal = MembershipStore.PrincipalOf(organization, membership, all).With(bound.Grants, bound.RoleNames, bound.Until);
        return new AccessHolder(Kind, membership.Name, principal.Actor, [.. held, .. bound.Roles], principal);
    }
}
