using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Links;
using Strata.Identity.People;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>Links that are mailed open, whichever key of the cloud has sealed them.</summary>
public sealed class SealedLinksTests() : IdentityContract(new MemoryStore())
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Link_OpensForItsPurpose(bool hasDataKey)
    {
        var links = LinksUnder(hasDataKey ? [DataKey()] : []);
        var person = (await Host.Service<PersonStore>().CreateAsync("ada@example.com", null, "correct horse battery", default)).Value;
        var link = links.Make(SealedLinks.Password, person, "ada@example.com", TimeProvider.System.GetUtcNow().AddHours(1));
        Assert.All(link, c => Assert.True(char.IsAsciiLetterOrDigit(c) || c is '-' or '_', link));
        Assert.Equal("ada@example.com", (await links.OpenAsync(SealedLinks.Password, link, default))?.Email);
        Assert.Null(await links.OpenAsync(SealedLinks.Verification, link, default));
        Assert.Null(await links.OpenAsync(SealedLinks.Password, link[..^2], default));
    }

    [Fact]
    public async Task Link_ToTheLongestAddress_Opens()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('b', 59), 3)) + ".example";
        var longest = new string('a', EmailAddress.LengthMax - domain.Length - 1) + "@" + domain;
        var links = LinksUnder(DataKey());
        var person = (await Host.Service<PersonStore>().CreateAsync(longest, null, "correct horse battery", default)).Value;
        var link = links.Make(SealedLinks.Password, person, longest, TimeProvider.System.GetUtcNow().AddHours(1));
        Assert.Equal(longest, (await links.OpenAsync(SealedLinks.Password, link, default))?.Email);
    }

    private SealedLinks LinksUnder(params DataKey[] keys) => new(
        new SealedSecrets(new SealingKeys(Key(), keys), TimeProvider.System), Host.Service<PersonStore>(), TimeProvider.System);

    private static DataKey DataKey() => new("dk-0123456789", Key(), TimeProvider.System.GetUtcNow().AddDays(-1));

    private static byte[] Key() => RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes);
}
