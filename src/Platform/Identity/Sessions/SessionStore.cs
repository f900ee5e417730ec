using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.People;
using Strata.Identity.Tokens;
using Strata.Resources.Kinds;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;
using SessionResource = Strata.Core.Resource<Strata.Contracts.SessionSpec, Strata.Contracts.SessionStatus>;

namespace Strata.Identity.Sessions;

/// <summary>A new session.</summary>
/// <param name="Text">What its holder shows; known only now.</param>
internal sealed record IssuedSession(string Text, SessionResource Resource);

/// <summary>
/// Begins, finds and ends sessions. One that is not used for <see cref="IdleMax"/> ends, and each after <see cref="AgeMax"/>. Safe for
/// concurrent use.
/// </summary>
internal sealed class SessionStore(
    ResourceStore<SessionSpec, SessionStatus> store, PersonStore people, IEntityLog log, TimeProvider time)
{
    /// <summary>By which leak scanners find the secrets of sessions.</summary>
    public const string Prefix = "sts";

    public static readonly TimeSpan IdleMax = TimeSpan.FromDays(30);
    public static readonly TimeSpan AgeMax = TimeSpan.FromDays(180);

    /// <summary>Of one person; the one that was not used for longest ends when there would be more.</summary>
    private const int OfPersonMax = 50;

    private const int UserAgentLengthMax = 200;

    /// <summary>Each costs two entries in a log that keeps everything.</summary>
    private const int SignInsMax = 100;
    private static readonly TimeSpan UseGrain = TimeSpan.FromHours(1);
    private static readonly TimeSpan RepeatWithin = TimeSpan.FromMinutes(1);

    /// <summary>Never leaves this class.</summary>
    private static readonly Error Reused = new(ErrorKind.Internal, "REFRESH_REUSED", "The refresh token was used before.");

    private static readonly JsonPath EndPath = JsonPath.Parse("$.status.expiresAt");

    private readonly GuessLimit begun = new(SignInsMax, UseGrain, time);

    public static EntityId IdOf(SessionResource session) => SessionKind.Kind.EntityOf(session.Id);

    /// <summary>
    /// DUPLICATE: what it is granted for has a session. SIGN_IN_OUTDATED: the person has got another password since they were read, so what
    /// was checked before counts no more. TOO_MANY_SIGN_INS.
    /// </summary>
    /// <param name="lifetime">Until it ends where it is not used; null: <see cref="IdleMax"/>.</param>
    public async Task<Result<IssuedSession>> BeginAsync(
        PersonResource person, SessionSpec spec, CancellationToken cancellationToken, TimeSpan? lifetime = null)
    {
        if (!begun.TryBegin(person.Id)) return IdentityErrors.TooManySignIns;
        var now = time.GetUtcNow();
        var secret = SecretText.NewSecret();
        var wanted = new NewResource<SessionSpec>
        {
            Name = "session-" + RandomNumberGenerator.GetHexString(12, lowercase: true),
            Spec = spec with { Person = person.Id, UserAgent = Plain(spec.UserAgent) },
        };
        var end = now + (lifetime ?? IdleMax);
        var status = new SessionStatus { SecretHash = SecretText.HashOf(secret), LastUsedAt = now, ExpiresAt = end };
        var made = await store.CreateAsync(PersonStore.CallerOf(person), wanted, status, null, cancellationToken);
        if (!made.TryGet(out var session, out var error)) return error;
        HashSet<string> dropped = person.Status.Sessions.Count < OfPersonMax ? [] : await FullAsync(person, cancellationToken);
        var listed = await people.TryChangeAsync(PersonStore.CallerOf(person), person, now =>
        {
            if (now.Status.PasswordSetAt != person.Status.PasswordSetAt || !PersonStore.IsAdmitted(now))
                return IdentityErrors.SignInOutdated;
            var kept = now.Status.Sessions.Where(id => !dropped.Contains(id)).ToList();
            dropped.UnionWith(kept.SkipLast(OfPersonMax - 1)); // others were begun meanwhile
            return now.Status with { LastSignInAt = session.CreatedAt, Sessions = [.. kept.TakeLast(OfPersonMax - 1), session.Id] };
        }, cancellationToken);
        await RemoveAsync(PersonStore.CallerOf(person), listed.IsOk ? dropped : [session.Id]);
        return listed.IsOk ? new IssuedSession(new SecretText(Prefix, [IdOf(session).Value], secret).ToString(), session) : listed.Error;
    }

    /// <summary>What makes place in a full list: all that have ended; where none has, the one that was not used for longest.</summary>
    private async ValueTask<HashSet<string>> FullAsync(PersonResource person, CancellationToken cancellationToken)
    {
        var used = (await OfAsync(person, cancellationToken)).OrderByDescending(s => s.Status.LastUsedAt).Take(OfPersonMax - 1);
        return [.. person.Status.Sessions.Except(used.Select(s => s.Id))];
    }

    /// <returns>Null for one that is unknown, was ended, or has expired.</returns>
    public async ValueTask<SessionResource?> FindAsync(SecretText text, CancellationToken cancellationToken) =>
        await FindAsync(new EntityId(text.Ids[0]), cancellationToken) is { } session && text.Matches(session.Status.SecretHash)
            && !HasExpired(session) ? session : null;

    public async ValueTask<SessionResource?> FindAsync(EntityId id, CancellationToken cancellationToken)
    {
        var revision = await log.ReadAsync(TenantId.Platform, id, AsOf.Latest, cancellationToken);
        return revision is null || revision.Model != SessionKind.Kind.Model ? null : store.ToResource(revision);
    }

    /// <summary>That which a sign-in led to; null: it has led to none, or it has ended.</summary>
    public async ValueTask<SessionResource?> FindByGrantAsync(string grant, CancellationToken cancellationToken) =>
        await log.FindAsync(
            TenantId.Platform, SessionKind.Kind.Model.Name, UniqueKeys.ClaimOf(SessionKind.GrantKey, grant), cancellationToken) is { } id
            ? await FindAsync(id, cancellationToken) : null;

    /// <summary>Whether it has not expired.</summary>
    public bool IsGood(SessionResource session) => !HasExpired(session);

    /// <summary>
    /// Uses a refresh token: the next one counts from now on. One that was used before ends the session, because two have it (RFC 9700,
    /// 4.14); but for a minute after its use, in which its owner may not have received the answer.
    /// </summary>
    /// <returns>The session, with the generation of the next token; null: the token is not good, and no other is any more.</returns>
    public async Task<SessionResource?> RefreshAsync(
        PersonResource person, SessionResource session, long generation, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var isRepeated = false;
        var changed = await store.ChangeAsync(PersonStore.CallerOf(person), session.Id, s =>
        {
            isRepeated = s.Status.Generation == generation + 1 && now - s.Status.RefreshedAt < RepeatWithin;
            if (isRepeated) return s;
            return s.Status.Generation == generation ? s with
            {
                Status = s.Status with { Generation = generation + 1, RefreshedAt = now, LastUsedAt = now, ExpiresAt = EndOf(s, now) },
            } : Reused;
        }, null, null, cancellationToken);
        if (changed.TryGet(out var refreshed, out var error)) return refreshed;
        if (error == Reused) await EndAsync(PersonStore.CallerOf(person), session.Id, cancellationToken);
        else if (error.Kind != ErrorKind.NotFound) throw error.ToException();
        return null;
    }

    /// <summary>A person's own that are in use, newest first.</summary>
    public async ValueTask<IReadOnlyList<SessionResource>> OfAsync(PersonResource person, CancellationToken cancellationToken)
    {
        var found = new List<SessionResource>();
        foreach (var id in person.Status.Sessions.Reverse())
        {
            if (await FindAsync(SessionKind.Kind.EntityOf(id), cancellationToken) is { } session && session.Spec.Person == person.Id
                && !HasExpired(session)) found.Add(session);
        }
        return found;
    }

    /// <summary>
    /// Notes that a session is in use, an hour after it was noted last, and so puts off its end. A failure does no harm: the next use notes
    /// it.
    /// </summary>
    public async ValueTask<Done> TouchAsync(PersonResource person, SessionResource session, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now - session.Status.LastUsedAt < UseGrain) return default;
        var end = EndOf(session, now);
        await store.ChangeAsync(PersonStore.CallerOf(person), session.Id, s => s with
        {
            Status = s.Status with { LastUsedAt = now, ExpiresAt = end },
        }, null, new Revision(session.Revision), cancellationToken);
        return default;
    }

    /// <summary>When its person last showed that it is they.</summary>
    public static DateTimeOffset AuthenticatedAt(SessionResource session) =>
        session.Status.AuthenticatedAt ?? session.Spec.SignedInAt ?? session.CreatedAt;

    /// <summary>Notes that its person has shown again that it is they.</summary>
    public async Task<Result<SessionResource>> AuthenticatedAsync(
        PersonResource person, SessionResource session, DateTimeOffset at, CancellationToken cancellationToken) =>
        await store.ChangeAsync(PersonStore.CallerOf(person), session.Id, s => s with
        {
            Status = s.Status with { AuthenticatedAt = at },
        }, null, null, cancellationToken);

    /// <summary>One that has ended is as good.</summary>
    public async Task<Result<Done>> EndAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        var ended = await store.DeleteAsync(caller, id, null, cancellationToken);
        return ended.Error?.Kind == ErrorKind.NotFound ? default(Done) : ended;
    }

    /// <summary>
    /// Those who were disabled have to sign in again once they are let in. Several servers may do this at once; one that comes late, when
    /// they are let in already, ends nothing.
    /// </summary>
    public async Task EndIfDisabledAsync(PersonResource person, CancellationToken cancellationToken)
    {
        if (!person.Spec.Disabled || person.Status.Sessions.Count == 0) return;
        var ended = await EndAsync(
            new Caller(TenantId.Platform, "system:people"), person, (now, _) => now.Spec.Disabled, cancellationToken);
        if (ended.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
    }

    /// <summary>Ends all of a person's but one, at once: none of the others is listed any more.</summary>
    public Task<Result<Done>> EndOthersAsync(Caller caller, PersonResource person, string kept, CancellationToken cancellationToken) =>
        EndAsync(caller, person, (_, id) => id != kept, cancellationToken);

    /// <param name="ends">Of the person as they are at that moment, and a session.</param>
    private async Task<Result<Done>> EndAsync(
        Caller caller, PersonResource person, Func<PersonResource, string, bool> ends, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> ended = [];
        var changed = await people.TryChangeAsync(caller, person, now =>
        {
            ended = [.. now.Status.Sessions.Where(id => ends(now, id))];
            return now.Status with { Sessions = [.. now.Status.Sessions.Except(ended)] };
        }, cancellationToken);
        if (!changed.IsOk) return changed.Error;
        await RemoveAsync(caller, ended);
        return default(Done);
    }

    /// <summary>Removes sessions that are not good any more. What is left of them when this fails expires by itself.</summary>
    public async Task RemoveAsync(Caller caller, IEnumerable<string> ids)
    {
        foreach (var id in ids) await EndAsync(caller, id, CancellationToken.None);
    }

    /// <summary>Removes those that have expired.</summary>
    public async Task SweepAsync(Caller caller, CancellationToken cancellationToken)
    {
        var now = JsonText.From(time.GetUtcNow(), WireJson.Of<DateTimeOffset>());
        var past = new Condition.Compare(new Field.Path(EndPath), Operator.Less, [now]);
        await foreach (var session in store.AllAsync(TenantId.Platform, past, cancellationToken))
        {
            if (HasExpired(session)) await store.DeleteAsync(caller, session.Id, new Revision(session.Revision), cancellationToken);
        }
    }

    private static DateTimeOffset EndOf(SessionResource session, DateTimeOffset now) =>
        session.CreatedAt + AgeMax < now + IdleMax ? session.CreatedAt + AgeMax : now + IdleMax;

    private bool HasExpired(SessionResource session) => session.Status.ExpiresAt is not { } end || end <= time.GetUtcNow();

    private static string? Plain(string? text) => text is { Length: > 0 }
        ? string.Concat(text.Where(c => c is >= ' ' and <= '~').Take(UserAgentLengthMax)) : null;
}
