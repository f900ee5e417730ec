namespace Strata.Core.Tests;

public sealed class DigestTests
{
    [Theory]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("sha256:ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789")]
    [InlineData("sha256:../../../../etc/passwd0123456789abcdef0123456789abcdef0123456789")]
    [InlineData("md5:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void TryParse_NoDigest_IsRefused(string text) => Assert.False(Digest.TryParse(text, out _));
}
