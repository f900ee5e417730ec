using System.Globalization;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Passkeys;
using Strata.Identity.Passwords;
using Strata.Resources.Kinds;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.People;

/// <summary>Makes and finds people, and keeps their passwords. Safe for concurrent use.</summary>
internal sealed class PersonStore(
    ResourceStore<PersonSpec, PersonStatus> store, IEntityLog log, PasswordHasher hasher, SealedSecrets secrets, TimeProvider time)
{
    public const string ActorPrefix = "person:";

    private const int NameTriesMax = 5;
    private const int OrganizationsMax = 500;
    private static readonly JsonPath DisabledPath = JsonPath.Parse("$.spec.disabled");
    private static readonly Caller SignUp = new(TenantId.Platform, "system:sign-up");

    /// <summary>Of changes that a person makes to what is theirs.</summary>
    public static Caller CallerOf(PersonResource person) => new(TenantId.Platform, ActorOf(person));

    /// <summary>Under which the person shows in histories; no token and no user of a provider can have it.</summary>
    public static string ActorOf(PersonResource person) => ActorPrefix + person.Name;

    public static EntityId IdOf(PersonResource person) => PersonKind.Kind.EntityOf(person.Id);

    /// <summary>
    /// By which a browser in which they have signed in is known until they get another password, or turn on the second factor: a browser
    /// that was signed in before that counts as any other.
    /// </summary>
    public static string StampOf(PersonResource person) => string.Create(
        CultureInfo.InvariantCulture,
        $"{person.Id} {person.Status.PasswordSetAt?.UtcTicks ?? 0} {person.Status.SecondFactorAt?.UtcTicks ?? 0}");

    /// <summary>Whether they may sign in, and use what they have signed in to.</summary>
    public static bool IsAdmitted(PersonResource person) => person.State == PersonKind.Active && !person.Spec.Disabled;

    /// <summary>Whether they have shown that their address is theirs.</summary>
    public static bool HasVerifiedEmail(PersonResource person) => person.Status.VerifiedEmail == person.Spec.Email;

    /// <returns>Null: there is none, or no longer.</returns>
    public async ValueTask<PersonResource?> FindAsync(EntityId id, CancellationToken cancellationToken)
    {
        var revision = await log.ReadAsync(TenantId.Platform, id, AsOf.Latest, cancellationToken);
        return revision is null || revision.Model != PersonKind.Kind.Model ? null : store.ToResource(revision);
    }

    /// <returns>Null: there is none, or no longer.</returns>
    public async ValueTask<PersonResource?> FindByNameAsync(string name, CancellationToken cancellationToken)
    {
        var found = await store.GetAsync(SignUp, name, AsOf.Latest, cancellationToken);
        return found.IsOk ? found.Value : null;
    }

    /// <param name="email">As <see cref="EmailAddress.Normal"/> has it.</param>
    public async ValueTask<PersonResource?> FindByEmailAsync(string email, CancellationToken cancellationToken)
    {
        var claim = UniqueKeys.ClaimOf(PersonKind.EmailKey, email);
        return await log.FindAsync(TenantId.Platform, PersonKind.Kind.Model.Name, claim, cancellationToken) is { } id
            ? await FindAsync(id, cancellationToken) : null;
    }

    /// <summary>Makes a person with a password. DUPLICATE if the address is another's; PASSWORDS_BUSY.</summary>
    public async Task<Result<PersonResource>> CreateAsync(
        string email, string? displayName, string password, CancellationToken cancellationToken)
    {
        if (await hasher.HashAsync(password, cancellationToken) is not { } hash) return IdentityErrors.PasswordsBusy;
        var name = EmailAddress.NameOf(email);
        for (var attempt = 1; ; attempt++)
        {
            var made = new NewResource<PersonSpec> { Name = name, Spec = new PersonSpec { Email = email, DisplayName = displayName } };
            var status = new PersonStatus { Password = secrets.Seal(hash, ContextOf(name)), PasswordSetAt = time.GetUtcNow() };
            var created = await store.CreateAsync(SignUp, made, status, null, CancellationToken.None); // who leaves now gets what they sent
            if (created.IsOk || created.Error.Code != ResourceErrors.NameTakenCode || attempt == NameTriesMax) return created;
            name = EmailAddress.NameOf(email) + "-" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(4, lowercase: true);
        }
    }

    /// <returns>Null: too many passwords are being looked at.</returns>
    public ValueTask<bool?> HasPasswordAsync(PersonResource? person, string password, CancellationToken cancellationToken) =>
        hasher.VerifyAsync(
            password, person?.Status.Password is { } kept ? secrets.Open(kept, ContextOf(person.Name)) : null, cancellationToken);

    /// <summary>
    /// Sets a password, unless the person has changed since: of two at once one is set. It ends all sessions, and a link that sets one.
    /// PASSWORDS_BUSY, SIGN_IN_OUTDATED.
    /// </summary>
    public async Task<Result<PersonResource>> SetPasswordAsync(
        Caller caller, PersonResource person, string password, CancellationToken cancellationToken)
    {
        if (await hasher.HashAsync(password, cancellationToken) is not { } hash) return IdentityErrors.PasswordsBusy;
        var kept = secrets.Seal(hash, ContextOf(person.Name));
        return await TryChangeAsync(caller, person, now =>
            (now.Status.PasswordSetAt, now.Status.ResetHash) != (person.Status.PasswordSetAt, person.Status.ResetHash)
                ? IdentityErrors.SignInOutdated
                : now.Status with
                {
                    Password = kept, PasswordSetAt = time.GetUtcNow(), ResetHash = null, ResetExpiresAt = null, Sessions = [],
                }, cancellationToken);
    }

    /// <summary>Removes the password, where a passkey lets them in. LAST_WAY_IN.</summary>
    public async Task<Result<PersonResource>> RemovePasswordAsync(PersonResource person, CancellationToken cancellationToken) =>
        await TryChangeAsync(CallerOf(person), person, now =>
        {
            // A new time: what was checked with the password before counts no more.
            var left = now.Status with { Password = null, PasswordSetAt = time.GetUtcNow(), ResetHash = null, ResetExpiresAt = null };
            return PasskeyStore.HasWayIn(left) ? left : IdentityErrors.LastWayIn;
        }, cancellationToken);

    /// <summary>Notes that an address is theirs, and makes it their address. DUPLICATE if another has it.</summary>
    public async Task<Result<PersonResource>> VerifyEmailAsync(PersonResource person, string email, CancellationToken cancellationToken) =>
        await store.ChangeAsync(CallerOf(person), person.Id, p => p with
        {
            Spec = p.Spec with { Email = email }, Status = p.Status with { VerifiedEmail = email },
        }, null, null, cancellationToken);

    public Task<Result<PersonResource>> AddOrganizationAsync(
        PersonResource person, string organization, CancellationToken cancellationToken) =>
        ChangeAsync(CallerOf(person), person, s => s.Organizations.Contains(organization) ? s : s with
        {
            Organizations = [.. s.Organizations.TakeLast(OrganizationsMax - 1), organization],
        }, cancellationToken);

    public async Task<Result<PersonResource>> ChangeAsync(
        Caller caller, PersonResource person, Func<PersonStatus, PersonStatus> change, CancellationToken cancellationToken) =>
        await store.ChangeAsync(caller, person.Id, p => p with { Status = change(p.Status) }, null, null, cancellationToken);

    /// <summary>As <see cref="ChangeAsync"/>, of a change that may be refused for what the person is at that moment.</summary>
    public async Task<Result<PersonResource>> TryChangeAsync(
        Caller caller, PersonResource person, Func<PersonResource, Result<PersonStatus>> change, CancellationToken cancellationToken) =>
        await store.ChangeAsync(caller, person.Id, p => change(p).Then<PersonResource>(s => p with { Status = s }), null, null,
            cancellationToken);

    /// <summary>A person as a change has made them; null: they are gone, or cannot be read.</summary>
    public PersonResource? TryRead(EntityRevision change) => change.Deleted ? null : store.TryToResource(change);

    /// <summary>Those whose DELETE has begun.</summary>
    public IAsyncEnumerable<PersonResource> RemovingAsync(CancellationToken cancellationToken) =>
        store.AllAsync(TenantId.Platform, InState(PersonKind.Removing), cancellationToken);

    /// <summary>Those who are disabled and have sessions all the same, because what ends them was cut off.</summary>
    public IAsyncEnumerable<PersonResource> DisabledAsync(CancellationToken cancellationToken) => store.AllAsync(
        TenantId.Platform, new Condition.Compare(new Field.Path(DisabledPath), Operator.Equal, [JsonText.From(true, WireJson.Of<bool>())]),
        cancellationToken);

    /// <summary>The end of a DELETE, unless the person has changed since: then there is more to end.</summary>
    public async Task<Result<Done>> DeleteAsync(Caller caller, PersonResource person, CancellationToken cancellationToken) =>
        await store.DeleteAsync(caller, person.Id, new Revision(person.Revision), cancellationToken);

    /// <summary>Bound to the person, so that a sealed hash that was moved to another one opens nothing.</summary>
    internal static string ContextOf(string name) => "password/" + name;

    private static Condition.Compare InState(string state) =>
        new(new Field.Meta(MetaField.State), Operator.Equal, [JsonText.From(state, WireJson.Of<string>())]);
}
