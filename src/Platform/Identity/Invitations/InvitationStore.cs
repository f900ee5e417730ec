using System.Security.Cryptography;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Memberships;
using Strata.Identity.People;
using Strata.Resources.Kinds;
using InvitationResource = Strata.Core.Resource<Strata.Contracts.InvitationSpec, Strata.Contracts.InvitationStatus>;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Invitations;

/// <summary>A new invitation.</summary>
/// <param name="Text">The secret part of its link; known only now.</param>
internal sealed record IssuedInvitation(string Text, InvitationResource Resource);

/// <summary>An invitation with the organization that it is to.</summary>
internal sealed record FoundInvitation(TenantId Tenant, string Organization, InvitationResource Resource);

/// <summary>Makes, finds and accepts invitations. Safe for concurrent use.</summary>
internal sealed class InvitationStore(
    ResourceStore<InvitationSpec, InvitationStatus> store, ResourceStore<OrganizationSpec, Nothing> organizations,
    MembershipStore memberships, PersonStore people, RoleGrants roles, IEntityLog log, IDurableValues values, TimeProvider time)
{
    public const string Prefix = "sti";

    /// <summary>By which invitation the first member of an organization has come.</summary>
    private const string MemberMark = "cloud/has-member";

    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>How long an invitation that has expired is shown, so that the one who made it sees why.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);

    private static readonly JsonPath EndPath = JsonPath.Parse("$.spec.expiresAt");

    private readonly ResourceLookup projects = new(log, ProjectKind.Kind);

    /// <param name="name">Null: one is made up.</param>
    public async Task<Result<IssuedInvitation>> CreateAsync(
        Caller caller, string? name, InvitationSpec spec, CancellationToken cancellationToken)
    {
        var secret = SecretText.NewSecret();
        var invitation = new NewResource<InvitationSpec>
        {
            Name = name ?? "invitation-" + RandomNumberGenerator.GetHexString(10, lowercase: true),
            Spec = spec with { ExpiresAt = spec.ExpiresAt ?? time.GetUtcNow() + Lifetime },
        };
        var status = new InvitationStatus { SecretHash = SecretText.HashOf(secret) };
        var made = await store.CreateAsync(caller, invitation, status, null, cancellationToken);
        if (!made.TryGet(out var resource, out var error)) return error;
        var text = new SecretText(Prefix, [caller.Tenant.Value, InvitationKind.Kind.EntityOf(resource.Id).Value], secret);
        return new IssuedInvitation(text.ToString(), resource);
    }

    /// <returns>
    /// Null for one that is unknown, was withdrawn, has expired, or whose maker could not make it any more. One that was accepted is
    /// returned.
    /// </returns>
    public async ValueTask<FoundInvitation?> FindAsync(string? text, CancellationToken cancellationToken)
    {
        if (!SecretText.TryParse(Prefix, 2, text, out var secret)) return null;
        var tenant = new TenantId(secret.Ids[0]);
        var revision = await log.ReadAsync(tenant, new EntityId(secret.Ids[1]), AsOf.Latest, cancellationToken);
        if (revision is null || revision.Model != InvitationKind.Kind.Model) return null;
        var invitation = store.ToResource(revision);
        if (!secret.Matches(invitation.Status.SecretHash) || invitation.Spec.ExpiresAt <= time.GetUtcNow()) return null;
        if (!await log.IsActiveAsync(tenant, cancellationToken)) return null;
        if (invitation.State == InvitationKind.Open && !await IsStandingAsync(tenant, invitation, cancellationToken)) return null;
        var organization = await organizations.GetAsync(
            new Caller(TenantId.Platform, "system:invitations"), tenant.ToString(), AsOf.Latest, cancellationToken);
        return organization.IsOk ? new FoundInvitation(tenant, organization.Value.Name, invitation) : null;
    }

    /// <summary>Name of the only project that it is for; null: it is for the whole organization.</summary>
    public async ValueTask<string?> ProjectOfAsync(FoundInvitation found, CancellationToken cancellationToken)
    {
        if (found.Resource.Spec.Project is not { } id) return null;
        var project = await projects.ReadAsync(new Caller(found.Tenant, "system:invitations"), id, AsOf.Latest, cancellationToken);
        return project.IsOk ? ResourceDocument.NameOf(project.Value) : id;
    }

    /// <summary>
    /// Makes a person a member. First the invitation is taken, which only one can; the rest is done again by who has taken it, so that an
    /// attempt that was cut off can be finished. INVITATION_USED, ALREADY_MEMBER.
    /// </summary>
    public async Task<Result<PersonResource>> AcceptAsync(
        FoundInvitation found, PersonResource person, CancellationToken cancellationToken)
    {
        var (tenant, invitation) = (found.Tenant, found.Resource);
        if (invitation.Spec.Email is { } email && email != person.Spec.Email) return IdentityErrors.InvitedAnother;
        if (invitation.State != InvitationKind.Open && invitation.Status.Person != person.Id) return IdentityErrors.InvitationUsed;
        // Before it is taken: it would be used up for nothing.
        if (await memberships.FindAsync(tenant, person, cancellationToken) is { } known && known.Spec.Invitation != invitation.Id)
        {
            await people.AddOrganizationAsync(person, tenant.ToString(), cancellationToken); // a hint that may have been lost
            return IdentityErrors.AlreadyMember;
        }
        // Who was removed since does not come back by what let them in before.
        if (invitation.State != InvitationKind.Open && await memberships.WasEndedAsync(tenant, invitation.Id, cancellationToken))
            return IdentityErrors.InvitationUsed;
        if (invitation.State == InvitationKind.Open)
        {
            // Again, because someone may have joined while this one chose a password. Of two such links at once one gets the mark.
            if (invitation.Spec.ForFirst && !await TryMarkAsync(invitation.Id, cancellationToken)) return IdentityErrors.InvitationUsed;
            var taken = await store.ChangeAsync(new Caller(tenant, PersonStore.ActorOf(person)), invitation.Id, i => i with
            {
                Status = i.Status with { Person = person.Id, AcceptedAt = time.GetUtcNow() },
            }, InvitationKind.Accept, new Revision(invitation.Revision), cancellationToken);
            if (!taken.IsOk) return taken.Error.Kind is ErrorKind.Unavailable ? taken.Error : IdentityErrors.InvitationUsed;
        }
        // The hint first: what it leads to is found by it, also to end it.
        var hinted = await people.AddOrganizationAsync(person, tenant.ToString(), cancellationToken);
        if (!hinted.IsOk) return hinted.Error;
        var joined = await memberships.JoinAsync(tenant, person, new MembershipSpec
        {
            Person = person.Id, Email = person.Spec.Email, Roles = invitation.Spec.Roles, Project = invitation.Spec.Project,
            Invitation = invitation.Id,
        }, cancellationToken);
        if (!joined.TryGet(out var membership, out var failed)) return failed;
        await TryMarkAsync(invitation.Id, cancellationToken);
        // Who was removed meanwhile may have been looked at before this.
        if (await people.FindAsync(PersonStore.IdOf(person), cancellationToken) is { State: not PersonKind.Removing }) return hinted;
        var ended = await memberships.EndAsync(new Caller(tenant, PersonStore.ActorOf(person)), membership.Id, cancellationToken);
        return ended.IsOk ? IdentityErrors.InvitationUsed : ended.Error;
    }

    /// <summary>Whether someone has become a member of an organization, other than by this invitation.</summary>
    public async ValueTask<bool> HasMemberAsync(string? invitation, CancellationToken cancellationToken) =>
        await values.ReadAsync(TenantId.Platform, MemberMark, cancellationToken) is { } first && first != MarkOf(invitation ?? "");

    /// <returns>Whether the first member has come by this invitation.</returns>
    private async ValueTask<bool> TryMarkAsync(string invitation, CancellationToken cancellationToken) =>
        await values.TryAddAsync(TenantId.Platform, MemberMark, MarkOf(invitation), cancellationToken)
        || !await HasMemberAsync(invitation, cancellationToken);

    private static JsonText MarkOf(string invitation) => JsonText.From(invitation, WireJson.Of<string>());

    /// <summary>
    /// Whether the one who made it could make it now: who was removed, or has fewer roles now, comes back by no link that they kept.
    /// </summary>
    /// <param name="open">Nobody but its maker has changed it.</param>
    private async ValueTask<bool> IsStandingAsync(TenantId organization, InvitationResource open, CancellationToken cancellationToken)
    {
        if (open.Spec.ForFirst && await HasMemberAsync(open.Id, cancellationToken)) return false;
        var isOperator = open.UpdatedBy.StartsWith(Principal.OperatorPrefix, StringComparison.Ordinal);
        var actor = isOperator ? open.UpdatedBy[Principal.OperatorPrefix.Length..] : open.UpdatedBy;
        if (!actor.StartsWith(PersonStore.ActorPrefix, StringComparison.Ordinal)) return true; // a token or a client
        var maker = await people.FindByNameAsync(actor[PersonStore.ActorPrefix.Length..], cancellationToken);
        if (maker is null || !PersonStore.IsAdmitted(maker)) return false;
        if (isOperator) return await memberships.IsOperatorAsync(maker, cancellationToken);
        var principal = await memberships.PrincipalAsync(organization, maker, new StorageDeadline(time), cancellationToken);
        return principal.IsOk && principal.Value.Covers(await roles.OfAsync(organization, open.Spec.Roles, cancellationToken));
    }

    /// <summary>Removes those that expired a while ago, accepted ones too: the membership names it, and its history stays.</summary>
    public async Task SweepAsync(Func<TenantId, Caller> callerIn, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - KeptFor;
        var past = new Condition.Compare(new Field.Path(EndPath), Operator.Less, [JsonText.From(before, WireJson.Of<DateTimeOffset>())]);
        await foreach (var invitation in store.AllAsync(null, past, cancellationToken))
        {
            if (invitation.Spec.ExpiresAt < before && TenantId.TryParse(invitation.Org, out var tenant))
                await store.DeleteAsync(callerIn(tenant), invitation.Id, new Revision(invitation.Revision), cancellationToken);
        }
    }
}
