using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using ProviderResource = Strata.Core.Resource<Strata.Contracts.ProviderSpec, Strata.Core.Nothing>;

namespace Strata.Identity.Providers;

/// <summary>
/// Providers of all organizations. Read once and kept until the change feed reports a change, a minute at most. Safe for concurrent use.
/// </summary>
internal sealed class ProviderStore(ResourceStore<ProviderSpec, Nothing> store, IdentityOptions options, TimeProvider time)
{
    private const int NameRandomCharacters = 10;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private readonly Turns turns = new();
    private volatile Known? known;
    private long invalidations;

    /// <summary>What is read at this moment is not kept either: it may be from before the change.</summary>
    public void Invalidate() => Interlocked.Increment(ref invalidations);

    /// <summary>
    /// The active ones that speak for an issuer. One without an audience, created before that was required, is not trusted.
    /// </summary>
    public async ValueTask<IReadOnlyList<ProviderResource>> OfIssuerAsync(string issuer, CancellationToken cancellationToken)
    {
        if (Current is { } present) return [.. present.ByIssuer[issuer]];
        // One reads, and those who wait get what it has read: it is all providers of the cloud.
        using var turn = await turns.TakeAsync("", cancellationToken);
        present = Current ?? await ReadAsync(cancellationToken);
        return [.. present.ByIssuer[issuer]];
    }

    /// <summary>Null: it is too old, or something has changed.</summary>
    private Known? Current => known is { } present && present.State == Volatile.Read(ref invalidations)
        && time.GetElapsedTime(present.ReadAt) < KeptFor ? present : null;

    public IAsyncEnumerable<ProviderResource> ListAsync(TenantId tenant, CancellationToken cancellationToken) =>
        store.AllAsync(tenant, null, cancellationToken);

    public ProviderResource ToResource(EntityRevision revision) => store.ToResource(revision);

    /// <param name="id">The entity's UUID.</param>
    public async ValueTask<Result<ProviderResource>> FindAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var entity)) return IdentityErrors.ProviderNotFound(id);
        var found = await store.GetAsync(caller, ProviderKind.Kind.IdOf(new EntityId(entity)), AsOf.Latest, cancellationToken);
        return found.Error?.Kind == ErrorKind.NotFound ? IdentityErrors.ProviderNotFound(id) : found;
    }

    public async Task<Result<ProviderResource>> RegisterAsync(Caller caller, ProviderSpec spec, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var provider in ListAsync(caller.Tenant, cancellationToken))
        {
            if (provider.Spec.WellKnownConfigUri == spec.WellKnownConfigUri) return IdentityErrors.ProviderDuplicate;
            count++;
        }
        if (count >= options.ProvidersMax) return IdentityErrors.Cap("OIDC_PROVIDER_CAP_REACHED", "providers", options.ProvidersMax);
        var made = new NewResource<ProviderSpec> { Name = "provider-"
            + RandomNumberGenerator.GetHexString(NameRandomCharacters, lowercase: true), Spec = spec };
        var created = await store.CreateAsync(caller, made, null, cancellationToken);
        if (created.Error?.Faults is { Count: > 0 } faults) return IdentityErrors.Faulty(faults);
        Invalidate();
        return created;
    }

    /// <summary>Whether the server may ask there at all; it is asked again, at the connection itself, each time.</summary>
    public async ValueTask<Result<Done>> CheckAddressAsync(string address, CancellationToken cancellationToken)
    {
        if (options.AllowPrivateProviders || !Uri.TryCreate(address, UriKind.Absolute, out var url)) return default(Done);
        if (url.Scheme != Uri.UriSchemeHttps) return ApiErrors.BodyValue("wellKnownConfigUri", "an https address");
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(url.DnsSafeHost, cancellationToken);
            return addresses.Length > 0 && Array.TrueForAll(addresses, PublicAddress.Is)
                ? default(Done) : IdentityErrors.PrivateAddress(url.Host);
        }
        catch (SocketException)
        {
            return ApiErrors.BodyValue("wellKnownConfigUri", $"the address of a host that DNS knows; {url.Host} is not");
        }
    }

    public async Task<Result<ProviderResource>> ChangeAsync(
        Caller caller, ProviderResource provider, Func<ProviderSpec, ProviderSpec> change, string? transition, WriteCheck? check,
        CancellationToken cancellationToken)
    {
        var changed = await store.ChangeAsync(
            caller, provider.Id, p => p with { Spec = change(p.Spec) }, transition, null, check, cancellationToken);
        Invalidate();
        return changed.Error?.Faults is { Count: > 0 } faults ? IdentityErrors.Faulty(faults) : changed;
    }

    public async Task<Result<Done>> DeleteAsync(
        Caller caller, ProviderResource provider, WriteCheck? check, CancellationToken cancellationToken)
    {
        var deleted = await store.DeleteAsync(caller, provider.Id, null, check, cancellationToken);
        Invalidate();
        return deleted;
    }

    private async ValueTask<Known> ReadAsync(CancellationToken cancellationToken)
    {
        var (readAt, state) = (time.GetTimestamp(), Volatile.Read(ref invalidations));
        var active = new List<ProviderResource>();
        await foreach (var provider in store.AllAsync(null, null, cancellationToken))
        {
            if (provider.State == ProviderKind.Active && provider.Spec.ExpectedAudiences.Count > 0) active.Add(provider);
        }
        var byIssuer = active.SelectMany(p => ProviderKind.IssuersOf(p.Spec).Select(i => (Issuer: i, Provider: p)))
            .ToLookup(x => x.Issuer, x => x.Provider, StringComparer.Ordinal);
        return known = new Known(byIssuer, readAt, state);
    }

    private sealed record Known(ILookup<string, ProviderResource> ByIssuer, long ReadAt, long State);
}
