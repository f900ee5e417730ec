using System.Diagnostics.CodeAnalysis;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
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
internal sealed class SessionAuthenticator(SessionStore sessions, PersonStore people, MembershipStore memberships, TimeProvider time)
{
    private readonly PrincipalCache cache = new(time);

    public static bool IsSession(string token) => token.StartsWith(SessionStore.Prefix + "_", StringComparison.Ordinal);

    /// <param name="organization">Null: that of the session.</param>
    public async ValueTask<Result<Principal>> AuthenticateAsync(string token, TenantId? organization, CancellationToken cancellationToken)
    {
        var key = organization is null ? token : $"{token} {organization}";
        if (cache.TryGet(key, out var known)) return known;
        var (state, storage) = (cache.State, new StorageDeadline(time));
        if (await storage.WithinAsync(FindAsync(token, cancellationToken), cancellationToken) is not { } found)
            return ApiErrors.Unauthorized;
        if ((organization ?? OrganizationOf(found.Session)) is not { } tenant) return ApiErrors.Unauthorized;
        if (await memberships.PrincipalAsync(tenant, found.Person, storage, cancellationToken) is not { } member)
            return ApiErrors.Unauthorized;
        await sessions.TouchAsync(found.Person, found.Session, cancellationToken);
        var (spec, session) = (found.Person.Spec, SessionStore.IdOf(found.Session));
        var principal = member with { Person = new SignedInPerson(PersonStore.IdOf(found.Person), session, spec.Email, spec.DisplayName) };
        cache.Remember(key, session, principal, found.Session.Status.ExpiresAt, state, TenantId.Platform);
        return principal;
    }

    /// <summary>What was found of a program's token that a session stands behind.</summary>
    public bool TryGetKnown(string token, [NotNullWhen(true)] out Principal? principal) => cache.TryGet(token, out principal);

    /// <summary>As the other, for a token that names its session and is verified already.</summary>
    /// <param name="expiresAt">Of the token.</param>
    public async ValueTask<Result<Principal>> AuthenticateAsync(
        string token, PersonGrant grant, DateTimeOffset expiresAt, StorageDeadline storage, CancellationToken cancellationToken)
    {
        var state = cache.State;
        if (await storage.WithinAsync(FindAsync(grant.Session, cancellationToken), cancellationToken) is not { } found)
            return ApiErrors.Unauthorized;
        if (await memberships.PrincipalAsync(grant.Tenant, found.Person, storage, cancellationToken) is not { } member)
            return ApiErrors.Unauthorized;
        var (spec, session) = (found.Person.Spec, SessionStore.IdOf(found.Session));
        var principal = member with { Person = new SignedInPerson(PersonStore.IdOf(found.Person), session, spec.Email, spec.DisplayName) };
        cache.Remember(token, session, principal, expiresAt, state, TenantId.Platform);
        return principal;
    }

    /// <summary>The session and its person, where both are good.</summary>
    public async ValueTask<SignedIn?> FindAsync(EntityId id, CancellationToken cancellationToken)
    {
        if (await sessions.FindAsync(id, cancellationToken) is not { } session || !sessions.IsGood(session)) return null;
        return await people.FindAsync(PersonKind.Kind.EntityOf(session.Spec.Person), cancellationToken) is { } person
            && PersonStore.IsAdmitted(person) ? new SignedIn(person, session) : null;
    }

    /// <summary>Who has signed in, whatever organizations they are a member of; null: the session, or the person, is not good.</summary>
    public async ValueTask<SignedIn?> FindAsync(string? token, CancellationToken cancellationToken)
    {
        if (!SecretText.TryParse(SessionStore.Prefix, 1, token, out var text)) return null;
        if (await sessions.FindAsync(text, cancellationToken) is not { } session) return null;
        return await people.FindAsync(PersonKind.Kind.EntityOf(session.Spec.Person), cancellationToken) is { } person
            && PersonStore.IsAdmitted(person) ? new SignedIn(person, session) : null;
    }

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
