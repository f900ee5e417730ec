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
        var keys = new SealingKeys(Key(), hasDataKey ? [new DataKey("dk-0123456789", Key(), TimeProvider.System.GetUtcNow().AddDays(-1))] : []);
        var links = new SealedLinks(new SealedSecrets(keys, TimeProvider.System), Host.Service<PersonStore>(), TimeProvider.System);
        var person = (await Host.Service<PersonStore>().CreateAsync("ada@example.com", null, "correct horse battery", default)).Value;
        var link = links.Make(SealedLinks.Password, person, "ada@example.com", TimeProvider.System.GetUtcNow().AddHours(1));
        Assert.All(link, c => Assert.True(char.IsAsciiLetterOrDigit(c) || c is '-' or '_', link));
        Assert.Equal("ada@example.com", (await links.OpenAsync(SealedLinks.Password, link, default))?.Email);
        Assert.Null(await links.OpenAsync(SealedLinks.Verification, link, default));
        Assert.Null(await links.OpenAsync(SealedLinks.Password, link[..^2], default));
    }

    private static byte[] Key() => RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes);
}
