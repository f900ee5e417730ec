using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Identity.Providers;
using Strata.Resources.Tests.Support;
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
        var time = new ManualTime();
        using var documents = new ProviderDocuments(
            new IdentityOptions { Issuer = "http://strata.test/api", AllowPrivateProviders = true,
                ProviderTimeout = Patience }, time, NullLogger<ProviderDocuments>.Instance);
        var spec = new ProviderSpec { WellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown };
        Assert.Single((await documents.KeysAsync(spec, "p1", default))!);
        Assert.Equal(2, provider.Requests);
        provider.IsSilent = true;
        time.Advance(TimeSpan.FromMinutes(11));
        var first = documents.KeysAsync(spec, "p1", default).AsTask();
        var second = documents.KeysAsync(spec, "other", default).AsTask();
        await Wait.UntilAsync(() => provider.Requests == 3, "the keys are read again");
        time.Advance(Patience);
        Assert.Null(await second); // whether it has that key is not known
        await first; // its wait and the reading end at the same moment
        await Wait.UntilAsync(async () => await documents.KeysAsync(spec, "p1", default) is [{ KeyId: "p1" }], "the former keys are used");
        Assert.Null(await documents.KeysAsync(spec, "other", default));
        Assert.Equal(3, provider.Requests);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Single((await documents.KeysAsync(spec, "p1", default))!); // at once, while it is asked again
        await Wait.UntilAsync(() => provider.Requests == 4, "it is asked again");
        time.Advance(Patience);
        time.Advance(TimeSpan.FromHours(1));
        var late = documents.KeysAsync(spec, "p1", default).AsTask();
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
            return await documents.KeysAsync(spec, "p1", default) is [{ KeyId: "p1" }];
        }, "it is asked again and answers");
    }

    private async Task RegisterAsync(TestProvider provider) =>
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", "/api/oauth/oidc/providers", JsonSerializer.Serialize(
        new { wellKnownConfigUri = provider.Issuer + ProviderKind.WellKnown, expectedAudiences = new[] { "strata" } }))).Status);
}
