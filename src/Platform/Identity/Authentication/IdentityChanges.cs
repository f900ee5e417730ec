using Strata.Api.Auth.CustomRoles;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.Identity.Bindings;
using Strata.Identity.Clients;
using Strata.Identity.Keys;
using Strata.Identity.Memberships;
using Strata.Identity.People;
using Strata.Identity.Providers;
using Strata.Identity.Sessions;
using Strata.Identity.Teams;
using Strata.Resources.Background;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.Identity.Authentication;

/// <summary>Makes every cache of clients, keys, providers and people forget what any server has changed, by following the
/// change feed.</summary>
internal sealed class IdentityChanges(
    ChangeFeed feed, JwtAuthenticator authenticator, SessionAuthenticator sessions, SigningKeys keys, ProviderStore providers,
    PersonStore people, SessionStore store, PeopleKeeper keeper, TimeProvider time, Supervisor supervisor)
    : SupervisedService(supervisor, "identity-changes")
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly HashSet<string> Models =
    [
        ClientKind.Kind.Model.Name, KeyPairKind.Kind.Model.Name, TrustedKeyKind.Kind.Model.Name, ProviderKind.Kind.Model.Name,
        OrganizationKind.Kind.Model.Name, RoleKind.Kind.Model.Name, MembershipKind.Kind.Model.Name, PersonKind.Kind.Model.Name,
        SessionKind.Kind.Model.Name, TeamKind.Kind.Model.Name, BindingKind.Kind.Model.Name,
    ];

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var follower = await feed.FollowAsync(new FeedFilter(Models: Models), stoppingToken);
        Forget(); // after a restart: what changed since the last run went by unseen
        while (true)
        {
            try
            {
                var changes = await follower.NextAsync(ListenFor, stoppingToken);
                foreach (var change in changes) Forget(change); // all of them first: what follows may fail
                foreach (var change in changes.Where(c => c.Model == PersonKind.Kind.Model))
                    if (people.TryRead(change) is { } person) await store.EndIfDisabledAsync(person, stoppingToken);
                work.Succeeded();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                work.Failed(e); // what is cached expires by itself, and PeopleKeeper ends sessions that were left
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }

    /// <summary>Only what the change concerns: one organization's changes must not have the others' callers looked up again.</summary>
    private void Forget(EntityRevision change)
    {
        if (change.Model == KeyPairKind.Kind.Model)
        {
            keys.Invalidate();
            authenticator.Invalidate();
        }
        else if (change.Model == OrganizationKind.Kind.Model)
        {
            authenticator.Invalidate(new TenantId(change.Id.Value));
            sessions.Invalidate(new TenantId(change.Id.Value));
        }
        else if (change.Model == MembershipKind.Kind.Model || change.Model == TeamKind.Kind.Model) sessions.Invalidate(change.Tenant);
        else if (change.Model == RoleKind.Kind.Model || change.Model == BindingKind.Kind.Model)
        {
            sessions.Invalidate(change.Tenant);
            authenticator.Invalidate(change.Tenant); // clients have bindings too
        }
        else if (change.Model == SessionKind.Kind.Model) sessions.Invalidate(change);
        else if (change.Model == PersonKind.Kind.Model)
        {
            sessions.Invalidate(change);
            if (people.TryRead(change) is { } person && !PersonStore.IsAdmitted(person)) keeper.LookAt(change.Id);
        }
        else if (change.Model == ClientKind.Kind.Model)
        {
            authenticator.Invalidate(change.Tenant, change.Id);
            sessions.Invalidate(change.Tenant); // a program's tokens of people end with it
        }
        else
        {
            if (change.Model == ProviderKind.Kind.Model) providers.Invalidate();
            authenticator.Invalidate(change.Tenant);
        }
    }

    private void Forget()
    {
        keeper.LookAtAll();
        keys.Invalidate();
        providers.Invalidate();
        authenticator.Invalidate();
        sessions.Invalidate();
    }
}
