using System.Diagnostics;
using Strata.Cli.Upload;

namespace Strata.Cli.Tests.Upload;

public sealed class SourceTreeTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task List_WithIgnoreFiles_LeavesOutWhatTheyName(bool isRepository)
    {
        foreach (var path in new[] { "index.html", "a/app.log", "a/keep.log", "node_modules/x/index.js", "secret.env", "a/b/deep.tmp",
            "a/b/c.txt" }) folder.Write(path, path);
        folder.Write(".gitignore", "*.log\n!keep.log\nnode_modules/\n");
        folder.Write(".strataignore", "secret.env\n");
        folder.Write("a/b/.gitignore", "*.tmp\n");
        if (isRepository) Git("init", "--quiet");
        var paths = (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.Paths;
        Assert.Equal([".gitignore", ".strataignore", "a/b/.gitignore", "a/b/c.txt", "a/keep.log", "index.html"], paths);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task List_WithoutIgnoreFiles_LeavesOutWhatTheBuildMakesAndSecrets_AndNamesIt(bool isRepository)
    {
        foreach (var path in new[] { "package.json", "src/a.js", "node_modules/x/index.js", "web/node_modules/y.js", ".env", ".env.example",
            "dist/a.js" }) folder.Write(path, "\"build\"");
        if (isRepository) Git("init", "--quiet");
        var listing = (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value;
        Assert.Equal([".env.example", "package.json", "src/a.js"], listing.Paths);
        Assert.Equal([".env", "dist/", "node_modules/", "web/node_modules/"], listing.LeftOut);
        folder.Write(".strataignore", "!node_modules\n!.env\n");
        Assert.Equal(["dist/"], (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.LeftOut);
    }

    [Fact]
    public async Task List_WithoutABuildScript_KeepsTheFolderThatIsTheSite_AndWhatGitTracks()
    {
        foreach (var path in new[] { "dist/index.html", "bin/tool", "node_modules/x.js" }) folder.Write(path, path);
        Git("init", "--quiet");
        Git("add", "node_modules/x.js");
        Assert.Equal(["bin/tool", "dist/index.html", "node_modules/x.js"],
            (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.Paths);
    }

    [Fact]
    public async Task List_RepositoryWithADeletedFile_LeavesItOut()
    {
        folder.Write("gone.txt", "x");
        folder.Write("here.txt", "x");
        Git("init", "--quiet");
        Git("add", ".");
        File.Delete(Path.Combine(folder.Path, "gone.txt"));
        Assert.Equal(["here.txt"], (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.Paths);
    }

    [Fact]
    public async Task List_NothingToDeploy_SaysSo()
    {
        folder.Write(".git/config", "x");
        Assert.Equal("SOURCE_EMPTY", (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Error?.Code);
    }

    private void Git(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", folder.Path, .. arguments]))!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }
}
