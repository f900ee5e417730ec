namespace Strata.Core.Tests;

public sealed class UrlCredentialsTests
{
    [Theory]
    [InlineData("fatal: https://user:token@example.com/a.git failed", "fatal: https://***@example.com/a.git failed")]
    [InlineData("https://ghp_abc@example.com/a", "https://***@example.com/a")]
    [InlineData("https://u:p@ss@example.com/a", "https://***@example.com/a")]
    [InlineData("ssh://git@example.com/a", "ssh://git@example.com/a")]
    [InlineData("ssh://git:pw@example.com/a", "ssh://***@example.com/a")]
    [InlineData("https://example.com/a?x=1&access_token=abc", "https://example.com/a?x=1&access_token=***")]
    [InlineData("https://example.com/@scope/a", "https://example.com/@scope/a")]
    [InlineData("mail me@example.com", "mail me@example.com")]
    public void Mask_Text_HidesOnlyCredentials(string text, string masked) => Assert.Equal(masked, UrlCredentials.Mask(text));
}
