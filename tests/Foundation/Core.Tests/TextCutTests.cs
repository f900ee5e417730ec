namespace Strata.Core.Tests;

public sealed class TextCutTests
{
    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc…")]
    [InlineData("ab😀", 3, "ab…")]
    [InlineData("ab😀", 4, "ab😀")]
    [InlineData("", 3, "")]
    public void Shortened_CutsWhatIsLonger_AndNoCharacterInHalf(string text, int charactersMax, string shown) =>
        Assert.Equal(shown, text.Shortened(charactersMax));
}
