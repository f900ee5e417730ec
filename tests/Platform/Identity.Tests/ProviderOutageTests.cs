using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Auth;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Identity.Authentication;
using Strata.Identity.Keys;
using Strata.Identity.Providers;
using Strata.Identity.Tokens;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>
/// Providers that are slow, silent or send nonsense: their users are told so, nobody else is affected, and they are not asked for each
/// request.
/// </summary>
public sealed class ProviderOutageTests() : IdentityContract(new MemoryStore())
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Token_OfASilentProvider_Is503ThatNamesIt_AndOneRequestAsksForAll()
    {
        using var provider = new TestProvider { IsSilent = true };
        await RegisterAsync(provider);
        var token = provider.Sign("bob", ["viewer"], "strata");
        using var http = Host.Client(token);
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => http.SendJsonAsync("GET", "/api/model/")));
        foreach (var answer in answers)
        {
            Assert.Equal((503, "OIDC_PROVIDER_UNAVAILABLE"), Refusal(answer));
            Assert.Contains(provider.Issuer, answer.Body.ToString());
            Assert.DoesNotContain("database", answer.Body.ToString());
        }
        Assert.Equal(200, (await Admin.SendJsonAsync("GET", "/api/model/")).Status);
        Assert.Equal(401, await StatusWithAsync(provider.Sign("bob", ["viewer"], "others"))); // not for anybody here: nobody is asked
        var (client, secret) = await CreateClientAsync();
        var (status, body) = await ExchangeAsync(client, secret, token);
        Assert.Equal((503, "temporarily_unavailable"), (status, body.GetProperty("error").GetString()));
        provider.IsSilent = false;
        await Wait.UntilAsync(async () => await StatusWithAsync(token) == 200, "the provider is asked again");
    }

    [Fact]
    public async Task Token_OfAProviderThatSendsNonsense_Is503()
    {
        using var provider = new TestProvider { Nonsense = "<html>" };
        await RegisterAsync(provider);
        using var http = Host.Client(provider.Sign("bob", ["viewer"], "strata"));
        Assert.Equal((503, "OIDC_PROVIDER_UNAVAILABLE"), Refusal(await http.SendJsonAsync("GET", "/api/model/")));
    }

    [Fact]
    public async Task Token_ThatAnotherProviderVouchesFor_IsGood_WhateverASilentOneWouldSay()
    {
        using var provider = new TestProvider();
        using var silent = new TestProvider { IsSilent = true };
        await RegisterAsync(provider);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "admin", ["admin"]));
        await other.SendJsonAsync("POST", "/api/oauth/oidc/providers", JsonSerializer.Serialize(
            new { wellKnownConfigUri = silent.Issuer + ProviderKind.WellKnown, issuers = new[] { provider.Issuer },
                expectedAudiences = new[] { "strata" } }));
        Assert.Equal(200, await StatusWithAsync(provider.Sign("bob", ["viewer"], "strata")));
    }

    /// <summary>On a clock of the test's own, so that what is asked, and how often, is exact.</summary>
    [Fact]
    public async Task Keys_OfAProviderThatFails_HoldForAnHour_AndItIsAskedOnceInFiveSeconds()
    {
        using var provider = new TestProvider();
        var time = new FakeTime();
        using var documents = DocumentsOn(time);
        var spec = new ProviderSpec { WellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown };
        Assert.Single((await documents.KeysAsync(spec, "p1", Patience, default))!);
        Assert.Equal(2, provider.Requests);
        provider.IsSilent = true;
        time.Advance(TimeSpan.FromMinutes(11));
        var first = documents.KeysAsync(spec, "p1", Patience, default).AsTask();
        var second = documents.KeysAsync(spec, "other", Patience, default).AsTask();
        await Wait.UntilAsync(() => provider.Requests == 3, "the keys are read again");
        time.Advance(Patience);
        Assert.Null(await second); // whether it has that key is not known
        Assert.Single((await first)!); // although its wait and the reading end at the same moment
        await Wait.UntilAsync(async () => await documents.KeysAsync(spec, "p1", Patience, default) is [{ KeyId: "p1" }],
            "the former keys are used");
        Assert.Null(await documents.KeysAsync(spec, "other", Patience, default));
        Assert.Equal(3, provider.Requests);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Single((await documents.KeysAsync(spec, "p1", Patience, default))!); // at once, while it is asked again
        await Wait.UntilAsync(() => provider.Requests == 4, "it is asked again");
        time.Advance(Patience);
        time.Advance(TimeSpan.FromHours(1));
        var late = documents.KeysAsync(spec, "p1", Patience, default).AsTask();
        await Wait.UntilAsync(() =>
        {
            time.Advance(Patience);
            return late.IsCompleted;
        }, "the former keys are too old");
        Assert.Null(await late);
        provider.IsSilent = false;
        await Wait.UntilAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(6));
            return await documents.KeysAsync(spec, "p1", Patience, default) is [{ KeyId: "p1" }];
        }, "it is asked again and answers");
    }

    /// <summary>One that is silent from the start, one whose keys were read before, and no time at all for either.</summary>
    [Fact]
    public async Task Keys_OfAProviderThatIsSlowerThanTheCallerWaits_AreTheFormerOnes()
    {
        using var provider = new TestProvider();
        var time = new FakeTime();
        using var documents = DocumentsOn(time);
        var spec = new ProviderSpec { WellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown };
        Assert.Single((await documents.KeysAsync(spec, "p1", Patience, default))!);
        provider.IsSilent = true;
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.Single((await documents.KeysAsync(spec, "p1", TimeSpan.Zero, default))!);
        Assert.Null(await documents.KeysAsync(spec, "other", TimeSpan.Zero, default));
    }

    [Fact]
    public async Task Refresh_HasOneProviderAskedAgain_AndItsFormerKeysHoldWhileItIsSilent()
    {
        using var provider = new TestProvider();
        using var other = new TestProvider();
        var time = new FakeTime();
        using var documents = DocumentsOn(time);
        var spec = new ProviderSpec { WellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown };
        var others = new ProviderSpec { WellKnownConfigUri = other.Issuer + ProviderKind.WellKnown };
        Assert.Single((await documents.KeysAsync(spec, "p1", Patience, default))!);
        Assert.Single((await documents.KeysAsync(others, "p1", Patience, default))!);
        documents.Refresh(spec.WellKnownConfigUri);
        Assert.Single((await documents.KeysAsync(spec, "p1", Patience, default))!);
        Assert.Single((await documents.KeysAsync(others, "p1", Patience, default))!);
        Assert.Equal((4, 2), (provider.Requests, other.Requests));
        provider.IsSilent = true;
        documents.Refresh(spec.WellKnownConfigUri);
        Assert.Single((await documents.KeysAsync(spec, "p1", TimeSpan.Zero, default))!);
        await Wait.UntilAsync(() => provider.Requests == 5, "it is asked again");
    }

    [Fact]
    public async Task Keys_OfMoreProvidersThanAreKept_PushOutTheOneLeastUsed()
    {
        using var provider = new TestProvider();
        using var idle = new TestProvider();
        var time = new FakeTime();
        using var documents = DocumentsOn(time);
        var (spec, unused) = (new ProviderSpec { WellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown },
            new ProviderSpec { WellKnownConfigUri = idle.Issuer + ProviderKind.WellKnown });
        Assert.Single((await documents.KeysAsync(unused, "p1", Patience, default))!);
        for (var others = 0; others < ProviderDocuments.ProvidersKept; others++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Single((await documents.KeysAsync(spec, "p1", Patience, default))!);
            Assert.Null(await documents.KeysAsync(new ProviderSpec { WellKnownConfigUri = $"ftp://{others}" }, "p1", Patience, default));
        }
        Assert.Equal((KeysAtHand.Held, KeysAtHand.Unknown), (documents.AtHand(spec, "p1"), documents.AtHand(unused, "p1")));
        Assert.Equal(2, provider.Requests);
    }

    /// <summary>The clock does not move, so whoever waited for a silent provider would wait for ever.</summary>
    [Fact]
    public async Task Token_ThatOneVouchesFor_WaitsForNoSilentOne_AndAsksFourAtOnce()
    {
        using var provider = new TestProvider();
        var time = new FakeTime();
        time.Advance(TimeProvider.System.GetUtcNow() - time.GetUtcNow());
        using var documents = DocumentsOn(time);
        var silent = Enumerable.Range(0, 6).Select(_ => new TestProvider { IsSilent = true }).ToArray();
        try
        {
            await RegisterAsync(provider);
            using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "admin", ["admin"]));
            foreach (var one in silent)
            {
                Assert.Equal(200, (await other.SendJsonAsync("POST", "/api/oauth/oidc/providers", JsonSerializer.Serialize(
                    new { wellKnownConfigUri = one.Issuer + ProviderKind.WellKnown, issuers = new[] { provider.Issuer },
                        expectedAudiences = new[] { "strata" } }))).Status);
            }
            var external = new ExternalTokens(Host.Service<ProviderStore>(), documents, Host.Service<TrustedKeyStore>(), Options, time);
            var jwt = JwtCheck.Read(provider.Sign("bob", ["viewer"], "strata"))!;
            var spec = new ProviderSpec { WellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown };
            Assert.NotNull(await documents.KeysAsync(spec, "p1", Patience, default));
            Assert.True((await external.ByProviderAsync(jwt, null, new StorageDeadline(time), default)).IsOk);
            var unknown = JwtCheck.Read(provider.Sign("bob", ["viewer"], "strata", Host.OtherOrg))!;
            var asking = external.ByProviderAsync(unknown, null, new StorageDeadline(time), default).AsTask();
            await Wait.UntilAsync(() => silent.Sum(s => s.Requests) == ExternalTokens.AskedAtOnceMax, "the first are asked");
            time.Advance(Patience);
            Assert.Equal("OIDC_PROVIDER_UNAVAILABLE", (await asking).Error?.Code);
            Assert.Equal(ExternalTokens.AskedAtOnceMax, silent.Sum(s => s.Requests));
        }
        finally
        {
            foreach (var one in silent) one.Dispose();
        }
    }

    private static readonly IdentityOptions Options =
        new() { PublicUrl = new Uri("http://strata.test"), AllowPrivateProviders = true, ProviderTimeout = Patience };

    private static ProviderDocuments DocumentsOn(TimeProvider time) => new(Options, time, NullLogger<ProviderDocuments>.Instance);

    private async Task RegisterAsync(TestProvider provider) =>
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", "/api/oauth/oidc/providers", JsonSerializer.Serialize(
        new { wellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown, expectedAudiences = new[] { "strata" } }))).Status);
}
