using Strata.Deployments.Build;
using Strata.Deployments.Detection;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Build;

public sealed class SourceCheckTests
{
    [Theory]
    [InlineData("notes.txt", "nothing to run", Detectors.NotRecognisedCode)]
    [InlineData("strata.yaml", "run: {command: ./start}", null)]
    [InlineData("index.html", "x", null)]
    [InlineData("Dockerfile", "FROM scratch", null)]
    public void Check_Folder_IsRefusedOnlyWhereNothingCouldBeBuilt(string name, string content, string? code)
    {
        using var folder = new TempFolder().With(name, content);
        Assert.Equal(code, SourceCheck.Check(folder.Path, TestContext.Current.CancellationToken)?.Code);
    }

    [Fact]
    public void Check_FaultyStrataFile_IsRefused()
    {
        using var folder = new TempFolder().With("strata.yaml", "run: [").With("index.html", "x");
        Assert.NotNull(SourceCheck.Check(folder.Path, TestContext.Current.CancellationToken));
    }
}
