using Strata.Deployments.Source;

namespace Strata.Deployments.Tests.Source;

public sealed class UserFileTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("strata-test-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Theory]
    [InlineData("in/file", true)]
    [InlineData("in/deeper/file", true)]
    [InlineData("link/file", false)]
    [InlineData("link/deeper/file", false)]
    [InlineData("in/link/file", false)]
    [InlineData("in/file-link", false)]
    [InlineData("in/../in/file", false)]
    [InlineData("../file", false)]
    [InlineData("in", false)]
    [InlineData("in/", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("in/file/x", false)]
    [InlineData("gone/file", false)]
    public void Open_BelowARoot_FollowsNoLinkAndNeverLeaves(string path, bool opens)
    {
        Directory.CreateDirectory(Path.Combine(root, "tree/in/deeper"));
        foreach (var file in (string[])["file", "tree/in/file", "tree/in/deeper/file"]) File.WriteAllText(Path.Combine(root, file), "x");
        File.CreateSymbolicLink(Path.Combine(root, "tree/link"), "in");
        File.CreateSymbolicLink(Path.Combine(root, "tree/in/link"), "../..");
        File.CreateSymbolicLink(Path.Combine(root, "tree/in/file-link"), "file");
        File.CreateSymbolicLink(Path.Combine(root, "to-tree"), "tree");
        foreach (var tree in (string[])["tree", "to-tree"])
        {
            using var content = UserFile.Open(Path.Combine(root, tree), path);
            Assert.Equal(opens, content is not null);
        }
    }
}
