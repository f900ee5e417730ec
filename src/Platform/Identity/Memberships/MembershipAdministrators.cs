using Strata.Api.Auth.Administrators;
using Strata.Api.Auth.CustomRoles;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Memberships;

/// <summary>People who administer the whole organization.</summary>
internal sealed class MembershipAdministrators(ResourceStore<MembershipSpec, Nothing> memberships) : IAdministratorSource
{
    public Kind Kind => MembershipKind.Kind;

    public Condition? Where { get; } = new Condition.Any([RoleHolders.Of(Roles.Admin), RoleHolders.Of(Roles.Owner)]);

    public bool Admits(EntityRevision revision) => memberships.TryToResource(revision)?.Spec is { Project: null } spec
        && (spec.Roles.Contains(Roles.Admin) || spec.Roles.Contains(Roles.Owner));
}
