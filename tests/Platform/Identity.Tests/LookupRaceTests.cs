using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;
using Strata.Identity.Authentication;
using Strata.Identity.Bindings;
using Strata.Identity.Clients;
using Strata.Identity.Keys;
using Strata.Identity.OAuth;
using Strata.Identity.Providers;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using Strata.Resources.Kinds;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>
/// What was read before an invalidation is not kept after it, in each of this module's caches. Reads are held back, so that each race is
/// met every time.
/// </summary>
public sealed class LookupRaceTests() : IdentityContract(new MemoryStore())
{
    private static readonly IdentityOptions Options = new() { PublicUrl = new Uri("http://strata.test"), AllowPrivateProviders = true };

    [Fact]
    public async Task Authenticate_ClientDeletedMeanwhile_IsNotRemembered()
    {
        var (id, secret) = await CreateClientAsync();
        var token = await TokenAsync(id, secret);
        var (log, reads) = HeldReads.Over(Host.Log);
        var authenticator = new JwtAuthenticator(
            Host.Service<TokenAuthenticator>(), Host.Service<SessionAuthenticator>(), Host.Service<AccessTokens>(),
                Host.Service<PersonTokens>(), Host.Service<ExternalTokens>(), Host.Service<ClientStore>(),
                Host.Service<BindingStore>(), Host.Service<RoleCatalog>(), log, TimeProvider.System);
        reads.Hold(); // the client is read by then: it is the organization that is waited for
        var looking = authenticator.AuthenticateAsync(token, default).AsTask();
        await reads.HeldAsync();
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", $"/api/clients/{id}")).Status);
        authenticator.Invalidate();
        reads.Release();
        Assert.True((await looking).IsOk);
        Assert.Equal("UNAUTHORIZED", (await authenticator.AuthenticateAsync(token, default)).Error?.Code);
    }

    /// <summary>Reads are held, so that a token which needed one would not be answered.</summary>
    [Fact]
    public async Task Authenticate_AnotherTokenOfAKnownClient_ReadsNothing_UntilTheClientIsGone()
    {
        var (id, secret) = await CreateClientAsync();
        var (first, second, third) = (await TokenAsync(id, secret), await TokenAsync(id, secret), await TokenAsync(id, secret));
        var (log, reads) = HeldReads.Over(Host.Log);
        var authenticator = new JwtAuthenticator(
            Host.Service<TokenAuthenticator>(), Host.Service<SessionAuthenticator>(), Host.Service<AccessTokens>(),
                Host.Service<PersonTokens>(), Host.Service<ExternalTokens>(),
                new ClientStore(StoreOver(log, ClientKind.Kind), log, Options, TimeProvider.System),
                Host.Service<BindingStore>(), Host.Service<RoleCatalog>(), log, TimeProvider.System);
        var known = await authenticator.AuthenticateAsync(first, default);
        reads.Hold();
        var next = authenticator.AuthenticateAsync(second, default).AsTask();
        await Wait.UntilAsync(() => next.IsCompleted, "the client's next token is answered without a read");
        Assert.Equal(known.Value, (await next).Value);
        reads.Release();
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", $"/api/clients/{id}")).Status);
        Assert.True(ClientId.TryParse(id, out var parsed));
        authenticator.Invalidate(parsed.Tenant, parsed.Id);
        foreach (var token in (string[])[first, second, third])
            Assert.Equal("UNAUTHORIZED", (await authenticator.AuthenticateAsync(token, default)).Error?.Code);
    }

    [Fact]
    public async Task Providers_ReadBeforeAChange_AreReadAgain()
    {
        using var provider = new TestProvider();
        var (log, reads) = HeldReads.Over(Host.Log);
        var providers = new ProviderStore(StoreOver(log, ProviderKind.Kind), Options, TimeProvider.System);
        reads.Hold();
        var reading = providers.OfIssuerAsync(provider.Issuer, default).AsTask();
        await reads.HeldAsync();
        var spec = new ProviderSpec { WellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown, ExpectedAudiences = ["strata"] };
        Assert.True((await Host.Service<ProviderStore>().RegisterAsync(new Caller(Host.Org, "test"), spec, default)).IsOk);
        providers.Invalidate();
        reads.Release();
        Assert.Empty(await reading);
        Assert.Single(await providers.OfIssuerAsync(provider.Issuer, default));
    }

    [Fact]
    public async Task SigningKeys_ReadBeforeAChange_AreReadAgain()
    {
        var (log, reads) = HeldReads.Over(Host.Log);
        using var keys = new SigningKeys(StoreOver(log, KeyPairKind.Kind), Host.Service<SealedSecrets>(), Options, TimeProvider.System);
        reads.Hold();
        var reading = keys.AllAsync(default).AsTask();
        await reads.HeldAsync();
        await Host.Service<SigningKeys>().CurrentAsync(KeyPairKind.Client, KeyPairKind.Rs256, default);
        keys.Invalidate();
        reads.Release();
        Assert.Empty(await reading);
        Assert.Single(await keys.AllAsync(default));
    }

    private static ResourceStore<TSpec, TStatus> StoreOver<TSpec, TStatus>(IEntityLog log, Kind<TSpec, TStatus> kind) => new(
        new EntityEngine(log, new StaticDefinitions([kind.Definition]), new InProcessComputation([], []), TimeProvider.System), kind,
            TimeProvider.System);
}
