using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.EntityApi.Tests.Hosting;
using Strata.Identity.Keys;
using Strata.Resources.Kinds;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>A rotation with a lead: the new key is published, then it signs, then the old one is gone; on a clock of the test.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private readonly FakeTime time = new(TimeProvider.System.GetUtcNow());
    private readonly MemoryStore store = new();
    private EntityHost host = null!;

    public async ValueTask InitializeAsync()
    {
        await ((IStore)store).InitializeAsync();
        host = await EntityHost.StartAsync(store, configure: services => services.AddSingleton<TimeProvider>(time), more: new HostedModule(
            IdentityModule.Kinds,
            services => services.AddIdentity(new IdentityOptions { PublicUrl = new Uri("http://strata.test") }), app => app.MapIdentity()));
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await ((IStore)store).DisposeAsync();
    }

    [Fact]
    public async Task Rotation_WithALead_PublishesThenSigns_AndTheOldKeyEndsAfterTheGrace()
    {
        var keys = host.Service<SigningKeys>();
        var old = (await keys.CurrentAsync(KeyPairKind.Client, KeyPairKind.Rs256, default)).KeyId;
        var es = (await keys.CurrentAsync(KeyPairKind.Client, KeyPairKind.Es256, default)).KeyId;
        using var admin = host.Client();
        var fresh = await RotateAsync(admin, lead: TimeSpan.FromMinutes(10), graceSeconds: 3600);
        Assert.Equal((old, true, true, true), (await SigningAsync(keys), await IsPublishedAsync(old), await IsPublishedAsync(es),
            await IsPublishedAsync(fresh)));
        // Another one before the first has signed at all: that one ends too.
        var newest = await RotateAsync(admin, lead: TimeSpan.FromMinutes(20), graceSeconds: 3600);
        time.Advance(TimeSpan.FromMinutes(11));
        keys.Invalidate();
        Assert.Equal(fresh, await SigningAsync(keys));
        time.Advance(TimeSpan.FromMinutes(10));
        keys.Invalidate();
        Assert.Equal((newest, true, true), (await SigningAsync(keys), await IsPublishedAsync(old), await IsPublishedAsync(fresh)));
        time.Advance(TimeSpan.FromMinutes(61));
        keys.Invalidate();
        Assert.Equal((newest, false, false), (await SigningAsync(keys), await IsPublishedAsync(old), await IsPublishedAsync(fresh)));
        Assert.True(await IsPublishedAsync(es)); // of the other algorithm nothing has changed
        time.Advance(TimeSpan.FromDays(8));
        keys.Invalidate();
        await keys.SweepAsync(default);
        var left = (await keys.AllAsync(default)).Select(k => k.KeyId).ToList();
        Assert.Equal((true, true, false, false), (left.Contains(newest), left.Contains(es), left.Contains(old), left.Contains(fresh)));
    }

    [Fact]
    public async Task PrivateHalves_AreSealed_AndNeverShown()
    {
        var keys = host.Service<SigningKeys>();
        foreach (var algorithm in KeyPairKind.Algorithms) await keys.CurrentAsync(KeyPairKind.Human, algorithm, default);
        await foreach (var pair in host.Service<ResourceStore<KeyPairSpec, KeyPairStatus>>().AllAsync(TenantId.Platform, null, default))
        {
            Assert.Throws<FormatException>(() => Convert.FromBase64String(pair.Status.PrivateKey!));
            Assert.NotNull(host.Service<SealedSecrets>().Open(pair.Status.PrivateKey!, SigningKey.ContextOf(pair.Status.KeyId!)));
            Assert.Null(host.Service<SealedSecrets>().Open(pair.Status.PrivateKey!, SigningKey.ContextOf("another")));
        }
    }

    [Fact]
    public async Task KeySet_WhereNoKeyCanBeMade_HasThoseThatThereAre()
    {
        var only = (await host.Service<SigningKeys>().CurrentAsync(KeyPairKind.Human, KeyPairKind.Rs256, default)).KeyId;
        await using var full = await EntityHost.StartAsync(store, more: new HostedModule(
            IdentityModule.Kinds,
            services => services.AddIdentity(new IdentityOptions { PublicUrl = new Uri("http://strata.test"), KeyPairsMax = 1 }),
            app => app.MapIdentity()));
        using var http = new HttpClient { BaseAddress = full.Address };
        for (var asked = 0; asked < 3; asked++)
        {
            var set = await http.SendJsonAsync("GET", "/api/.well-known/jwks.json");
            Assert.Equal(200, set.Status);
            Assert.Equal(only, Assert.Single(set.Body.GetProperty("keys").EnumerateArray()).GetProperty("kid").GetString());
        }
    }

    private async Task<string> RotateAsync(HttpClient admin, TimeSpan lead, int graceSeconds)
    {
        var made = await admin.SendJsonAsync("POST", "/api/oauth/keys/keypair", JsonSerializer.Serialize(new
        {
            audience = "client", algorithm = "RS256", validFrom = time.GetUtcNow() + lead, invalidateCurrent = true,
            invalidateGracePeriodSec = graceSeconds,
        }));
        Assert.True(made.Status == 200, made.Body.ToString());
        Assert.False(made.Body.GetProperty("active").GetBoolean());
        return made.Body.GetProperty("keyId").GetString()!;
    }

    private async Task<bool> IsPublishedAsync(string keyId)
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        var set = (await http.SendJsonAsync("GET", "/api/.well-known/jwks.json")).Body.GetProperty("keys").EnumerateArray();
        return set.Any(k => k.GetProperty("kid").GetString() == keyId);
    }

    private static async Task<string> SigningAsync(SigningKeys keys) =>
        (await keys.CurrentAsync(KeyPairKind.Client, KeyPairKind.Rs256, default)).KeyId;
}
