using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>
/// Authenticates <c>stk_…</c> tokens against their entities. What it found is remembered for <see cref="CacheTime"/>, at most
/// <see cref="CacheSize"/> tokens, by a hash of the whole text, so that a look-up's time tells nothing of a secret. A token revoked by this server
/// is refused at once, one revoked by another as soon as the change feed tells of it and after that time at the latest. Safe for concurrent use.
/// </summary>
public sealed class TokenAuthenticator(IEntityLog log, ResourceStore<TokenSpec, TokenStatus> store, TimeProvider time) : IAuthenticator
{
    public const int CacheSize = 10_000;
    public static readonly TimeSpan CacheTime = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<UInt128, Entry> cache = new();

    public async ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (!TokenText.TryParse(token, out var text)) return ApiErrors.Unauthorized;
        var key = KeyOf(token);
        var now = time.GetUtcNow();
        if (cache.TryGetValue(key, out var known) && known.Until > now) return known.Principal;
        if (await FindAsync(text, now, cancellationToken) is not { } found) return ApiErrors.Unauthorized;
        Remember(key, found);
        return found.Principal;
    }

    /// <summary>Forgets all that was found, because some token is gone.</summary>
    public void Invalidate() => cache.Clear();

    /// <summary>Forgets a token, because it is gone.</summary>
    public void Invalidate(EntityId token)
    {
        foreach (var (key, entry) in cache)
        {
            if (entry.Token == token) cache.TryRemove(key, out _);
        }
    }

    private async ValueTask<Entry?> FindAsync(TokenText text, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var revision = await log.ReadAsync(text.Tenant, text.Id, AsOf.Latest, cancellationToken);
        if (revision is null || revision.Model != TokenKind.Kind.Model) return null;
        var token = store.ToResource(revision);
        if (!text.Matches(token.Status.SecretHash) || token.Spec.ExpiresAt <= now) return null;
        var until = now + CacheTime;
        return new Entry(text.Id, ToPrincipal(text.Tenant, token), token.Spec.ExpiresAt < until ? token.Spec.ExpiresAt.Value : until);
    }

    private static Principal ToPrincipal(TenantId tenant, Resource<TokenSpec, TokenStatus> token) => new()
    {
        Tenant = tenant,
        Actor = token.Spec.Actor ?? "token:" + token.Name,
        Permissions = Roles.PermissionsOf(token.Spec.Roles),
        Project = token.Spec.Project,
    };

    private void Remember(UInt128 key, Entry entry)
    {
        if (cache.Count >= CacheSize) cache.Clear(); // rare, and cheaper than keeping an order of use
        cache[key] = entry;
    }

    /// <summary>128 bits of SHA-256: nobody can find two tokens of one key.</summary>
    private static UInt128 KeyOf(string token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private sealed record Entry(EntityId Token, Principal Principal, DateTimeOffset Until);
}
