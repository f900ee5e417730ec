using Strata.Api.Auth;
using Strata.Core;

namespace Strata.Api.Tests;

/// <summary>What is remembered of callers, for how long, and what makes it be forgotten.</summary>
public sealed class PrincipalCacheTests
{
    private static readonly TokenKey Known = TokenKey.Of("what a token says");
    private static readonly TokenKey Next = TokenKey.Of("the next token");

    private readonly FakeTime time = new();
    private readonly TenantId organization = TenantId.New(TimeProvider.System);
    private readonly EntityId source = EntityId.New(TimeProvider.System);

    [Fact]
    public void TryShare_Known_HoldsForTheOtherTokenToo_AndForNoLonger()
    {
        var cache = Filled();
        time.Advance(PrincipalCache.KeptFor - TimeSpan.FromSeconds(1));
        Assert.True(cache.TryShare(Known, Next, time.GetUtcNow().AddHours(1), cache.State, out var shared));
        Assert.Equal(organization, shared.Tenant);
        Assert.True(cache.TryGet(Next, out _));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(cache.TryGet(Next, out _));
        Assert.False(cache.TryShare(Known, Next, time.GetUtcNow().AddHours(1), cache.State, out _));
    }

    [Fact]
    public void TryShare_TokenThatExpiresSooner_IsForgottenThen()
    {
        var cache = Filled();
        Assert.True(cache.TryShare(Known, Next, time.GetUtcNow().AddSeconds(1), cache.State, out _));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(cache.TryGet(Next, out _));
        Assert.True(cache.TryGet(Known, out _));
    }

    /// <summary>Its key may be what was invalidated, and others have been looked up again since.</summary>
    [Fact]
    public void TryShare_InvalidatedSinceTheTokenWasVerified_IsRefused()
    {
        var cache = Filled();
        var state = cache.State;
        cache.Clear();
        Remember(cache, Known, organization, source);
        Assert.False(cache.TryShare(Known, Next, time.GetUtcNow().AddHours(1), state, out _));
        Assert.False(cache.TryGet(Next, out _));
    }

    [Fact]
    public void Invalidate_ASource_ForgetsAllThatCameFromIt_AndNothingElse()
    {
        var cache = Filled();
        Assert.True(cache.TryShare(Known, Next, time.GetUtcNow().AddHours(1), cache.State, out _));
        var other = TokenKey.Of("of another source");
        Remember(cache, other, organization, EntityId.New(TimeProvider.System));
        cache.Invalidate(organization, source);
        Assert.False(cache.TryGet(Known, out _));
        Assert.False(cache.TryGet(Next, out _));
        Assert.True(cache.TryGet(other, out _));
        cache.Invalidate(TenantId.New(TimeProvider.System));
        Assert.True(cache.TryGet(other, out _));
        cache.Invalidate(organization);
        Assert.False(cache.TryGet(other, out _));
    }

    [Fact]
    public void Invalidate_SourceThatATokenHadBefore_LeavesTheToken()
    {
        var cache = Filled();
        var another = TenantId.New(TimeProvider.System);
        Remember(cache, Known, another, EntityId.New(TimeProvider.System)); // in another organization now
        cache.Invalidate(organization, source);
        cache.Invalidate(organization);
        Assert.True(cache.TryGet(Known, out _));
        cache.Invalidate(another);
        Assert.False(cache.TryGet(Known, out _));
    }

    [Fact]
    public void InvalidatePerson_ForgetsThemInEveryOrganization()
    {
        var cache = new PrincipalCache(time);
        var (ada, bob) = (EntityId.New(TimeProvider.System), EntityId.New(TimeProvider.System));
        Remember(cache, Known, organization, source, ada);
        Remember(cache, Next, TenantId.New(TimeProvider.System), source, ada);
        var other = TokenKey.Of("of another person");
        Remember(cache, other, organization, EntityId.New(TimeProvider.System), bob);
        cache.InvalidatePerson(ada);
        Assert.False(cache.TryGet(Known, out _));
        Assert.False(cache.TryGet(Next, out _));
        Assert.True(cache.TryGet(other, out _));
    }

    [Fact]
    public void Remember_MoreThanThePlacesThatThereAre_StaysBounded_AndForgetsOnInvalidation()
    {
        var cache = new PrincipalCache(time);
        for (var i = 0; i < 2 * PrincipalCache.Size; i++) Remember(cache, Numbered(i), organization, source);
        Assert.InRange(Enumerable.Range(0, 2 * PrincipalCache.Size).Count(i => cache.TryGet(Numbered(i), out _)), 1, PrincipalCache.Size);
        cache.Invalidate(organization);
        Assert.DoesNotContain(Enumerable.Range(0, 2 * PrincipalCache.Size), i => cache.TryGet(Numbered(i), out _));
    }

    private static TokenKey Numbered(int number) => new((UInt128)number);

    private PrincipalCache Filled()
    {
        var cache = new PrincipalCache(time);
        Remember(cache, Known, organization, source);
        return cache;
    }

    private static void Remember(PrincipalCache cache, TokenKey token, TenantId organization, EntityId source, EntityId? person = null)
    {
        var principal = new Principal
        {
            Tenant = organization, Actor = "client:test", Grants = [],
            Person = person is { } id ? new SignedInPerson(id, source, "ada@example.com", null) : null,
        };
        cache.Remember(token, source, principal, null, cache.State);
    }
}
