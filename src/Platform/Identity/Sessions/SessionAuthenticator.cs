using System.Diagnostics.CodeAnalysis;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;
using SessionResource = Strata.Core.Resource<Strata.Contracts.SessionSpec, Strata.Contracts.SessionStatus>;

namespace Strata.Identity.Sessions;

/// <summary>A person in a session that holds.</summary>
internal sealed record SignedIn(PersonResource Person, SessionResource Session);

/// <summary>
/// Authenticates people by their sessions (<c>sts_…</c>): a session, its person and their membership must all hold. Remembers what it found
/// until one of them, a role or the organization changes, and for <see cref="PrincipalCache.KeptFor"/> at most. Safe for concurrent use.
/// </summary>
internal sealed class SessionAuthenticator(
    SessionStore sessions, PersonStore people, MembershipStore memberships, OAuthClients clients, RoleCatalog catalog,
    TimeProvider time)
{
    private readonly PrincipalCache cache = new(time);

    public static bool IsSession(string token) => token.StartsWith(SessionStore.Prefix + "_", StringComparison.Ordinal);

    /// <param name="organization">Null: that of the session.</param>
    public async ValueTask<Result<Principal>> AuthenticateAsync(string token, TenantId? organization, CancellationToken cancellationToken)
    {
        var key = TokenKey.Of(organization is null ? token : $"{token} {organization}");
        if (cache.TryGet(key, out var known)) return known;
        var (state, storage) = (cache.State, new StorageDeadline(time));
        if (await storage.WithinAsync(FindAsync(token, cancellationToken), cancellationToken) is not { } found)
            return ApiErrors.Unauthorized;
        if ((organization ?? OrganizationOf(found.Session)) is not { } tenant) return ApiErrors.Unauthorized;
        if (!(await memberships.PrincipalAsync(tenant, found.Person, storage, cancellationToken)).TryGet(out var member, out var refused))
            return refused;
        await TouchAsync(found, storage, cancellationToken);
        var session = SessionStore.IdOf(found.Session);
        var principal = member with { Person = PersonOf(found, byProgram: false) };
        cache.Remember(key, session, principal, found.Session.Status.ExpiresAt, state, TenantId.Platform);
        return principal;
    }

    /// <summary>What was found of a program's token that a session stands behind.</summary>
    public bool TryGetKnown(TokenKey token, [NotNullWhen(true)] out Principal? principal) => cache.TryGet(token, out principal);

    /// <summary>As the other, for a program's token that names its session and is verified already.</summary>
    /// <param name="expiresAt">Of the token.</param>
    public async ValueTask<Result<Principal>> AuthenticateAsync(
        TokenKey token, PersonGrant grant, DateTimeOffset expiresAt, StorageDeadline storage, CancellationToken cancellationToken)
    {
        var state = cache.State;
        var found = await storage.WithinAsync(FindAsync(grant, cancellationToken), cancellationToken);
        if (found is null) return ApiErrors.Unauthorized;
        var joined = await memberships.PrincipalAsync(grant.Tenant, found.Person, storage, cancellationToken);
        if (!joined.TryGet(out var member, out var refused)) return refused;
        var session = SessionStore.IdOf(found.Session);
        var principal = member with
        {
            Person = PersonOf(found, byProgram: true),
            // What is the cloud's own is not a program's, whoever has signed in to it.
            Grants = [.. member.Grants.Select(g => g with { Permissions = catalog.OfProgram(g.Permissions) })],
        };
        cache.Remember(token, session, principal, expiresAt, state, TenantId.Platform);
        return principal;
    }

    /// <summary>What stands behind a program's token, where all of it is good: the program, the session, the person.</summary>
    public async ValueTask<SignedIn?> FindAsync(PersonGrant grant, CancellationToken cancellationToken) =>
        await clients.FindAsync(grant.Client, cancellationToken) is var (client, _) && client.Tenant == grant.Tenant
            && await FindAsync(grant.Session, cancellationToken) is { } found && found.Session.Spec.Client == grant.Client ? found : null;

    /// <summary>The session and its person, where both are good.</summary>
    public async ValueTask<SignedIn?> FindAsync(EntityId id, CancellationToken cancellationToken) =>
        await sessions.FindAsync(id, cancellationToken) is { } session && sessions.IsGood(session)
            ? await FindAsync(session, cancellationToken) : null;

    /// <summary>Who has signed in, whatever organizations they are a member of; null: the session, or the person, is not good.</summary>
    public async ValueTask<SignedIn?> FindAsync(string? token, CancellationToken cancellationToken)
    {
        if (!SecretText.TryParse(SessionStore.Prefix, 1, token, out var text)) return null;
        return await sessions.FindAsync(text, cancellationToken) is { } session ? await FindAsync(session, cancellationToken) : null;
    }

    /// <summary>As <see cref="FindAsync(string?, CancellationToken)"/>, and the session lives on because it is used.</summary>
    public async ValueTask<SignedIn?> UseAsync(string? token, CancellationToken cancellationToken)
    {
        var found = await FindAsync(token, cancellationToken);
        if (found is not null) await TouchAsync(found, new StorageDeadline(time), cancellationToken);
        return found;
    }

    private static SignedInPerson PersonOf(SignedIn found, bool byProgram) => new(
        PersonStore.IdOf(found.Person), SessionStore.IdOf(found.Session), found.Person.Spec.Email, found.Person.Spec.DisplayName, byProgram)
    {
        AuthenticatedAt = SessionStore.AuthenticatedAt(found.Session), HasSecondFactor = SecondFactor.IsOn(found.Person),
    };

    /// <summary>A session counts only while the person lists it: a new password ends all of them by emptying that list.</summary>
    private async ValueTask<SignedIn?> FindAsync(SessionResource session, CancellationToken cancellationToken) =>
        await people.FindAsync(PersonKind.Kind.EntityOf(session.Spec.Person), cancellationToken) is { } person
            && PersonStore.IsAdmitted(person) && person.Status.Sessions.Contains(session.Id) ? new SignedIn(person, session) : null;

    /// <summary>A database that takes no writes must not keep anyone from reading.</summary>
    private async ValueTask TouchAsync(SignedIn found, StorageDeadline storage, CancellationToken cancellationToken)
    {
        try
        {
            await storage.WithinAsync(sessions.TouchAsync(found.Person, found.Session, cancellationToken), cancellationToken);
        }
        catch (StrataException)
        {
            // The next use notes it.
        }
    }

    /// <summary>Forgets a session that was changed here, without waiting for the change to come by.</summary>
    public void Forget(SessionResource session) => cache.Invalidate(TenantId.Platform, SessionStore.IdOf(session));

    /// <summary>Forgets all that was found, because changes may have gone by unseen.</summary>
    public void Invalidate() => cache.Clear();

    /// <summary>Forgets what is of an organization, because it, one of its roles or one of its memberships has changed.</summary>
    public void Invalidate(TenantId organization) => cache.Invalidate(organization);

    /// <summary>Forgets a session, or what is of a person, because it has changed.</summary>
    public void Invalidate(EntityRevision change)
    {
        if (change.Model == SessionKind.Kind.Model) cache.Invalidate(TenantId.Platform, change.Id);
        else cache.InvalidatePerson(change.Id);
    }

    private static TenantId? OrganizationOf(SessionResource session) =>
        session.Spec.Organization is { } id && TenantId.TryParse(id, out var tenant) ? tenant : null;
}
