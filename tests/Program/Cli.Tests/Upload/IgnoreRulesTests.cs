using Strata.Cli.Upload;

namespace Strata.Cli.Tests.Upload;

/// <summary>The expectations are git's own: see <see cref="SourceTreeTests"/>, where git is asked.</summary>
public class IgnoreRulesTests
{
    [Theory]
    [InlineData("*.log", "a.log", true)]
    [InlineData("*.log", "deep/er/a.log", true)]
    [InlineData("*.log", "a.log.txt", null)]
    [InlineData("/root.txt", "root.txt", true)]
    [InlineData("/root.txt", "deep/root.txt", null)]
    [InlineData("a/b", "a/b", true)]
    [InlineData("a/b", "x/a/b", null)]
    [InlineData("**/b", "x/y/b", true)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b", true)]
    [InlineData("a/**", "a/x/y", true)]
    [InlineData("te?t", "test", true)]
    [InlineData("te?t", "te/t", null)]
    [InlineData("[a-c].txt", "b.txt", true)]
    [InlineData("[!a-c].txt", "b.txt", null)]
    [InlineData("folder/", "folder", null)]
    [InlineData("# a comment", "# a comment", null)]
    [InlineData("\\#hash", "#hash", true)]
    [InlineData("a.b", "axb", null)]
    [InlineData("(x)+", "(x)+", true)]
    public void Decide_OneRule_IsAsGitSays(string rule, string path, bool? ignored) =>
        Assert.Equal(ignored, IgnoreRules.Parse([rule]).Decide(path, isFolder: false));

    [Fact]
    public void Decide_FolderRule_MatchesFoldersOnly() => Assert.True(IgnoreRules.Parse(["folder/"]).Decide("folder", isFolder: true));

    [Fact]
    public void Decide_LaterNegation_KeepsTheFile()
    {
        var rules = IgnoreRules.Parse(["*.log", "!keep.log"]);
        Assert.True(rules.Decide("a.log", isFolder: false));
        Assert.False(rules.Decide("keep.log", isFolder: false));
    }
}
