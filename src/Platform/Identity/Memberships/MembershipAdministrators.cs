using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Auth.CustomRoles;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Identity.People;
using Strata.Resources.Kinds;

namespace Strata.Identity.Memberships;

/// <summary>People who administer the whole organization.</summary>
internal sealed class MembershipAdministrators(
    ResourceStore<MembershipSpec, Nothing> memberships, PersonStore people, MembershipStore store, TimeProvider time) : IAdministratorSource
{
    public Kind Kind => MembershipKind.Kind;

    public Condition? Where { get; } = new Condition.Any([RoleHolders.Of(Roles.Admin), RoleHolders.Of(Roles.Owner)]);

    public bool Admits(EntityRevision revision) => memberships.TryToResource(revision)?.Spec is { Project: null } spec
        && (spec.Roles.Contains(Roles.Admin) || spec.Roles.Contains(Roles.Owner));

    /// <summary>Who is disabled, or lacks the second factor that the organization requires, administers nothing.</summary>
    public async ValueTask<bool> IsUsableAsync(EntityRevision revision, CancellationToken cancellationToken) =>
        memberships.TryToResource(revision)?.Spec.Person is { } id && PersonKind.Kind.TryParseId(id, out var entity)
        && await people.FindAsync(entity, cancellationToken) is { } person && PersonStore.IsAdmitted(person)
        && (await store.PrincipalAsync(revision.Tenant, person, new StorageDeadline(time), cancellationToken)).IsOk;
}
