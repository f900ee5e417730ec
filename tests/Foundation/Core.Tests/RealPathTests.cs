namespace Strata.Core.Tests;

public sealed class RealPathTests : IDisposable
{
    private readonly string folder = RealPath.Of(Directory.CreateTempSubdirectory("strata-real").FullName);

    public RealPathTests()
    {
        Directory.CreateDirectory(Path.Combine(folder, "a", "b"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "relative"), "a/b");
        Directory.CreateSymbolicLink(Path.Combine(folder, "absolute"), Path.Combine(folder, "relative"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "self"), "self");
    }

    [Theory]
    [InlineData("a/b/c", "a/b/c")]
    [InlineData("relative/c", "a/b/c")]
    [InlineData("absolute/c", "a/b/c")]
    [InlineData("relative/../c", "a/c")] // above the link's target, not above the link
    [InlineData("self/c", "self/c")]
    public void Of_Path_HasNoLinks(string path, string real) =>
        Assert.Equal(Path.Combine(folder, real), RealPath.Of(Path.Combine(folder, path)));

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
