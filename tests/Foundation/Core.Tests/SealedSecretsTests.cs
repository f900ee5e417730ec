using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Core.Tests;

public class SealedSecretsTests
{
    private readonly SealedSecrets secrets = new(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes));

    [Theory]
    [InlineData("")]
    [InlineData("whsec_ü€")]
    public void Seal_Opened_IsTheSecret(string secret)
    {
        var text = secrets.Seal(secret, "webhook/1");
        Assert.NotEqual(text, secrets.Seal(secret, "webhook/1"));
        Assert.Equal(secret, secrets.Open(text, "webhook/1"));
    }

    [Fact]
    public void Open_OtherContextKeyOrText_IsNull()
    {
        var text = secrets.Seal("secret", "webhook/1");
        Assert.Null(secrets.Open(text, "webhook/2"));
        Assert.Null(new SealedSecrets(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes)).Open(text, "webhook/1"));
        foreach (var bad in (string[])["", "secret", "sealed1.", "sealed1.AAAA", "sealed1.*", text[..^4], text + "AAAA"])
            Assert.Null(secrets.Open(bad, "webhook/1"));
    }
}
