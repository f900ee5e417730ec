using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Strata.Core;

namespace Strata.Api.Auth;

/// <summary>
/// The principals of tokens, kept for <see cref="KeptFor"/> and for at most <see cref="Size"/> tokens, by a hash of the whole text, so that
/// a look-up's time reveals nothing of a secret. Code that is notified of a change invalidates the entries of its source. What was read
/// before an invalidation is never remembered after it: a look-up takes <see cref="State"/> before its first read, and hands it back with
/// what it found. An organization's changes leave the look-ups and the entries of others alone. Safe for concurrent use.
/// </summary>
public sealed class PrincipalCache(TimeProvider time)
{
    public const int Size = 10_000;
    private const int OrganizationsMax = 10_000;
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<UInt128, Entry> entries = new();
    private readonly Lock changing = new(); // reads take no lock
    private readonly Dictionary<TenantId, long> invalidatedAt = []; // by the count of all; under the lock
    private long allInvalidatedAt;
    private long invalidations;

    /// <summary>To take before the first read of a look-up.</summary>
    public long State => Volatile.Read(ref invalidations);

    public bool TryGet(string token, [NotNullWhen(true)] out Principal? principal)
    {
        principal = entries.TryGetValue(KeyOf(token), out var known) && known.Until > time.GetUtcNow() ? known.Principal : null;
        return principal is not null;
    }

    /// <param name="source">The entity that the principal came from.</param>
    /// <param name="of">Whose the source is; null: the principal's organization's.</param>
    /// <param name="expiresAt">Of the token; null: never.</param>
    /// <param name="state">As it was before the look-up began. Where anything of the principal's organization was invalidated since,
    /// nothing is remembered, and the next request looks again.</param>
    public void Remember(
        string token, EntityId source, Principal principal, DateTimeOffset? expiresAt, long state, TenantId? of = null)
    {
        var until = time.GetUtcNow() + KeptFor;
        if (principal.GrantedUntil < until) until = principal.GrantedUntil.Value;
        var entry = new Entry(source, principal, expiresAt < until ? expiresAt.Value : until);
        var key = KeyOf(token);
        lock (changing)
        {
            if (state < allInvalidatedAt || state < invalidatedAt.GetValueOrDefault(principal.Tenant)) return;
            if (of is { } owner && state < invalidatedAt.GetValueOrDefault(owner)) return;
            if (entries.Count >= Size) entries.Clear(); // rare, and cheaper than keeping an order of use
            entries[key] = entry;
        }
    }

    public void Clear()
    {
        lock (changing)
        {
            allInvalidatedAt = ++invalidations;
            invalidatedAt.Clear();
            entries.Clear();
        }
    }

    /// <summary>Forgets what came from one entity of an organization.</summary>
    public void Invalidate(TenantId tenant, EntityId source) => Invalidate(tenant, entry => entry.Source == source);

    /// <summary>Forgets all that speaks for a person, whatever organization it is in.</summary>
    public void InvalidatePerson(EntityId person) => Invalidate(TenantId.Platform, entry => entry.Principal.Person?.Id == person);

    /// <summary>Forgets all that speaks for an organization.</summary>
    public void Invalidate(TenantId tenant) => Invalidate(tenant, entry => entry.Principal.Tenant == tenant);

    private void Invalidate(TenantId tenant, Func<Entry, bool> isConcerned)
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
            foreach (var (key, entry) in entries)
            {
                if (isConcerned(entry)) entries.TryRemove(key, out _);
            }
        }
    }

    /// <summary>128 bits of SHA-256: no one can find two tokens with the same key.</summary>
    private static UInt128 KeyOf(string token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private sealed record Entry(EntityId Source, Principal Principal, DateTimeOffset Until);
}
