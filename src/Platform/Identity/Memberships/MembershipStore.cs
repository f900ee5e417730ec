using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Bindings;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Resources.Kinds;
using MembershipResource = Strata.Core.Resource<Strata.Contracts.MembershipSpec, Strata.Core.Nothing>;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Memberships;

/// <summary>Who is a member of which organization, and what that grants. Safe for concurrent use.</summary>
internal sealed class MembershipStore(
    ResourceStore<MembershipSpec, Nothing> store, ResourceStore<OrganizationSpec, Nothing> organizations, RoleGrants roles,
        BindingStore bindings, IEntityLog log)
{
    private const string System = "system:memberships";
    private static readonly JsonPath InvitationPath = JsonPath.Parse("$.spec.invitation");

    /// <returns>Null: the person is not a member.</returns>
    public async ValueTask<MembershipResource?> FindAsync(TenantId organization, PersonResource person, CancellationToken cancellationToken)
    {
        var found = await store.GetAsync(new Caller(organization, System), person.Name, AsOf.Latest, cancellationToken);
        // A name may have been another person's before.
        return found.TryGet(out var membership, out _) && membership.Spec.Person == person.Id ? membership : null;
    }

    public async ValueTask<MembershipResource?> FindAsync(TenantId organization, string nameOrId, CancellationToken cancellationToken)
    {
        var found = await store.GetAsync(new Caller(organization, System), nameOrId, AsOf.Latest, cancellationToken);
        return found.IsOk ? found.Value : null;
    }

    public IAsyncEnumerable<MembershipResource> AllAsync(TenantId organization, CancellationToken cancellationToken) =>
        store.AllAsync(organization, null, cancellationToken);

    /// <summary>Makes a person a member; one that they became by the same invitation is returned.</summary>
    public async Task<Result<MembershipResource>> JoinAsync(
        TenantId organization, PersonResource person, MembershipSpec spec, CancellationToken cancellationToken)
    {
        var caller = new Caller(organization, PersonStore.ActorOf(person));
        if (await FindAsync(organization, person, cancellationToken) is null)
            await bindings.ForgetAsync(organization, person.Name, cancellationToken); // of who had the name, or was a member, before
        var made = await store.CreateAsync(
            caller, new NewResource<MembershipSpec> { Name = person.Name, Spec = spec }, null, cancellationToken);
        if (made.IsOk || made.Error.Code != ResourceErrors.NameTakenCode) return made;
        if (await FindAsync(organization, person.Name, cancellationToken) is not { } known) return made;
        if (known.Spec.Person == person.Id) return known.Spec.Invitation == spec.Invitation ? known : IdentityErrors.AlreadyMember;
        // Names of people are unique, so this one is left of a person who is gone.
        var ended = await EndAsync(caller, known.Id, cancellationToken);
        return ended.IsOk ? await store.CreateAsync(
            caller, new NewResource<MembershipSpec> { Name = person.Name, Spec = spec }, null, cancellationToken) : ended.Error;
    }

    /// <summary>Whether a membership that an invitation has led to is over.</summary>
    public async ValueTask<bool> WasEndedAsync(TenantId organization, string invitation, CancellationToken cancellationToken)
    {
        var led = new Condition.Compare(new Field.Path(InvitationPath), Operator.Equal, [JsonText.From(invitation, WireJson.Of<string>())]);
        var scan = new Scan { Tenant = organization, Model = MembershipKind.Kind.Model, Where = led, Deleted = true, Limit = 1 };
        return await log.ScanAsync(scan, cancellationToken) is [_, ..];
    }

    /// <summary>Ends a membership; one that has ended is as good.</summary>
    public async Task<Result<Done>> EndAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        var deleted = await store.DeleteAsync(caller, id, null, cancellationToken);
        return deleted.Error?.Kind == ErrorKind.NotFound ? default(Done) : deleted;
    }

    /// <summary>Where the person is a member now, in the order in which they joined.</summary>
    public async ValueTask<IReadOnlyList<JoinedOrganization>> OfAsync(PersonResource person, CancellationToken cancellationToken)
    {
        var found = new List<JoinedOrganization>();
        foreach (var id in person.Status.Organizations)
        {
            if (!TenantId.TryParse(id, out var tenant) || !await log.IsActiveAsync(tenant, cancellationToken)) continue;
            if (await FindAsync(tenant, person, cancellationToken) is not { } membership) continue;
            var organization = await organizations.GetAsync(new Caller(TenantId.Platform, System), id, AsOf.Latest, cancellationToken);
            if (organization.IsOk)
                found.Add(new JoinedOrganization(tenant, organization.Value.Name, membership)
                {
                    LacksSecondFactor = organization.Value.Spec.RequireTwoFactor && !SecondFactor.IsOn(person),
                });
        }
        return found;
    }

    /// <summary>Whether a person is an operator of the cloud, by whichever organization makes them one.</summary>
    public async ValueTask<bool> IsOperatorAsync(PersonResource person, CancellationToken cancellationToken) =>
        (await OfAsync(person, cancellationToken)).Any(j => !j.LacksSecondFactor && j.Membership.Spec.Roles.Contains(Roles.Operator)
            && j.Membership.Spec.Project is null);

    /// <summary>
    /// What a person may do in an organization as its member. UNAUTHORIZED: it is deleted, or they are none. TWO_FACTOR_REQUIRED.
    /// </summary>
    public async ValueTask<Result<Principal>> PrincipalAsync(
        TenantId organization, PersonResource person, StorageDeadline storage, CancellationToken cancellationToken)
    {
        if (!await storage.WithinAsync(log.IsActiveAsync(organization, cancellationToken), cancellationToken))
            return ApiErrors.Unauthorized;
        var found = await storage.WithinAsync(FindAsync(organization, person, cancellationToken), cancellationToken);
        if (found is not { } membership) return ApiErrors.Unauthorized;
        if (!SecondFactor.IsOn(person)
            && await storage.WithinAsync(RequiresTwoFactorAsync(organization, cancellationToken), cancellationToken))
            return ApiErrors.TwoFactorRequired;
        var granted = await storage.WithinAsync(roles.OfAsync(organization, membership.Spec.Roles, cancellationToken), cancellationToken);
        var bound = await storage.WithinAsync(bindings.OfPersonAsync(organization, membership.Name, cancellationToken), cancellationToken);
        return PrincipalOf(organization, membership, granted).With(bound.Grants, bound.RoleNames, bound.Until);
    }

    /// <summary>What an organization is called; its id where it is gone.</summary>
    public async ValueTask<string> NameOfAsync(TenantId organization, CancellationToken cancellationToken)
    {
        var found = await organizations.GetAsync(
            new Caller(TenantId.Platform, System), organization.ToString(), AsOf.Latest, cancellationToken);
        return found.IsOk ? found.Value.Name : organization.ToString();
    }

    /// <summary>Whether an organization has its people have a second factor.</summary>
    public async ValueTask<bool> RequiresTwoFactorAsync(TenantId organization, CancellationToken cancellationToken)
    {
        var found = await organizations.GetAsync(
            new Caller(TenantId.Platform, System), organization.ToString(), AsOf.Latest, cancellationToken);
        return found.IsOk && found.Value.Spec.RequireTwoFactor;
    }

    /// <param name="permissions">Of the roles, as they are now.</param>
    public static Principal PrincipalOf(TenantId organization, MembershipResource membership, IReadOnlySet<string> permissions) => new()
    {
        Tenant = organization, Actor = PersonStore.ActorPrefix + membership.Name, RoleNames = membership.Spec.Roles,
        Project = membership.Spec.Project,
        Grants =
        [
            new Grant(permissions, membership.Spec.Project is { } project ? new GrantScope.OfProject(project) : GrantScope.Organization),
        ],
    };
}

/// <param name="Name">Of the organization.</param>
internal sealed record JoinedOrganization(TenantId Tenant, string Name, MembershipResource Membership)
{
    /// <summary>Whether it grants them nothing until they have a second factor.</summary>
    public bool LacksSecondFactor { get; init; }
}
