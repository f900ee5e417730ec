using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Strata.Core;

namespace Strata.Api.Auth;

/// <summary>
/// Under which a token is remembered: 128 bits of SHA-256 of its whole text, so that no one can find two tokens with the same key, and a
/// look-up's time reveals nothing of a secret.
/// </summary>
public readonly record struct TokenKey(UInt128 Value)
{
    public static TokenKey Of(string token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
        return new TokenKey(BinaryPrimitives.ReadUInt128BigEndian(hash));
    }
}

/// <summary>
/// The principals of tokens, kept for <see cref="KeptFor"/> and for at most <see cref="Size"/> tokens. Code that is notified of a change
/// invalidates the entries of its source, which costs as much as there are such entries, however many others are remembered. What was read
/// before an invalidation is never remembered after it: a look-up takes <see cref="State"/> before its first read, and hands it back with
/// what it found. An organization's changes leave the look-ups and the entries of others alone. Safe for concurrent use.
/// </summary>
public sealed class PrincipalCache(TimeProvider time)
{
    public const int Size = 10_000;
    private const int OrganizationsMax = 10_000;
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<TokenKey, Entry> entries = new();
    private readonly Lock changing = new(); // reads take no lock

    // Under the lock. Of each entry by what can invalidate it: its organization, its source, its person.
    private readonly Dictionary<Guid, HashSet<TokenKey>> concerned = [];
    private readonly Dictionary<TenantId, long> invalidatedAt = []; // by the count of all
    private long allInvalidatedAt;
    private long invalidations;

    /// <summary>To take before the first read of a look-up.</summary>
    public long State => Volatile.Read(ref invalidations);

    public bool TryGet(TokenKey token, [NotNullWhen(true)] out Principal? principal)
    {
        principal = entries.TryGetValue(token, out var known) && known.Until > time.GetUtcNow() ? known.Principal : null;
        return principal is not null;
    }

    /// <param name="source">The entity that the principal came from.</param>
    /// <param name="of">Whose the source is; null: the principal's organization's.</param>
    /// <param name="expiresAt">Of the token; null: never.</param>
    /// <param name="state">As it was before the look-up began. Where anything of the principal's organization was invalidated since,
    /// nothing is remembered, and the next request looks again.</param>
    public void Remember(
        TokenKey token, EntityId source, Principal principal, DateTimeOffset? expiresAt, long state, TenantId? of = null)
    {
        var until = time.GetUtcNow() + KeptFor;
        if (principal.GrantedUntil < until) until = principal.GrantedUntil.Value;
        var entry = new Entry(source, principal, expiresAt < until ? expiresAt.Value : until);
        lock (changing)
        {
            if (IsOutdated(principal.Tenant, state) || (of is { } owner && IsOutdated(owner, state))) return;
            Add(token, entry);
        }
    }

    /// <summary>
    /// What is remembered under another key holds for this token too, and for no longer than there: so that a token which says what an
    /// earlier one said costs no read.
    /// </summary>
    /// <param name="known">Under which the principal was remembered.</param>
    /// <param name="expiresAt">Of the token.</param>
    /// <param name="state">As it was before the token was verified: its key may have been invalidated since.</param>
    public bool TryShare(
        TokenKey known, TokenKey token, DateTimeOffset expiresAt, long state, [NotNullWhen(true)] out Principal? principal)
    {
        lock (changing)
        {
            principal = null;
            if (!entries.TryGetValue(known, out var entry) || entry.Until <= time.GetUtcNow()) return false;
            if (IsOutdated(entry.Principal.Tenant, state)) return false;
            Add(token, expiresAt < entry.Until ? entry with { Until = expiresAt } : entry);
            principal = entry.Principal;
            return true;
        }
    }

    public void Clear()
    {
        lock (changing)
        {
            allInvalidatedAt = ++invalidations;
            invalidatedAt.Clear();
            RemoveAll();
        }
    }

    /// <summary>Forgets what came from one entity of an organization.</summary>
    public void Invalidate(TenantId tenant, EntityId source) => Invalidate(tenant, source.Value);

    /// <summary>Forgets all that speaks for a person, whatever organization it is in.</summary>
    public void InvalidatePerson(EntityId person) => Invalidate(TenantId.Platform, person.Value);

    /// <summary>Forgets all that speaks for an organization.</summary>
    public void Invalidate(TenantId tenant) => Invalidate(tenant, tenant.Value);

    private void Invalidate(TenantId tenant, Guid id)
    {
        lock (changing)
        {
            invalidations++;
            if (invalidatedAt.Count >= OrganizationsMax)
            {
                invalidatedAt.Clear();
                allInvalidatedAt = invalidations; // look-ups under way are not remembered, this once
            }
            invalidatedAt[tenant] = invalidations;
            if (!concerned.TryGetValue(id, out var tokens)) return;
            foreach (var token in tokens.ToArray()) Remove(token);
        }
    }

    private bool IsOutdated(TenantId tenant, long state) => state < allInvalidatedAt || state < invalidatedAt.GetValueOrDefault(tenant);

    private void Add(TokenKey token, Entry entry)
    {
        if (entries.Count >= Size) RemoveAll(); // rare, and cheaper than keeping an order of use
        Remove(token); // it may have been another's, or another organization's, before
        entries[token] = entry;
        foreach (var id in entry.ConcernedBy)
        {
            if (!concerned.TryGetValue(id, out var tokens)) concerned[id] = tokens = [];
            tokens.Add(token);
        }
    }

    private void Remove(TokenKey token)
    {
        if (!entries.TryRemove(token, out var entry)) return;
        foreach (var id in entry.ConcernedBy)
            if (concerned.TryGetValue(id, out var tokens) && tokens.Remove(token) && tokens.Count == 0) concerned.Remove(id);
    }

    private void RemoveAll()
    {
        entries.Clear();
        concerned.Clear();
    }

    private sealed record Entry(EntityId Source, Principal Principal, DateTimeOffset Until)
    {
        public IEnumerable<Guid> ConcernedBy => Principal.Person is { } person
            ? [Principal.Tenant.Value, Source.Value, person.Id.Value] : [Principal.Tenant.Value, Source.Value];
    }
}
