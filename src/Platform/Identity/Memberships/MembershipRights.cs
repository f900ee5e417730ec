using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Auth.CustomRoles;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Memberships;

/// <summary>What a person has in the organization is taken away, or changed, only by those who have as much.</summary>
internal sealed class MembershipRights(ResourceStore<MembershipSpec, Nothing> store, RoleGrants roles) : IHeldRights
{
    public Kind Kind => MembershipKind.Kind;

    public async ValueTask<Error?> RefuseAsync(Principal principal, EntityRevision resource, CancellationToken cancellationToken)
    {
        if (store.TryToResource(resource) is not { } membership) return null;
        var granted = await roles.OfAsync(resource.Tenant, membership.Spec.Roles, cancellationToken);
        return principal.Covers(granted) ? null : IdentityErrors.HeldByMore;
    }
}
