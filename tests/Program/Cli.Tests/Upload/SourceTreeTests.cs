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
        foreach (var path in new[] { "index.html", "a/app.log", "a/keep.log", "node_modules/x/index.js", "secret.env", "a/b/deep.tmp", "a/b/c.txt" }) folder.Write(path, path);
        folder.Write(".gitignore", "*.log\n!keep.log\nnode_modules/\n");
        folder.Write(".strataignore", "secret.env\n");
        folder.Write("a/b/.gitignore", "*.tmp\n");
        if (isRepository) Git("init", "--quiet");
        var paths = (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value;
        Assert.Equal([".gitignore", ".strataignore", "a/b/.gitignore", "a/b/c.txt", "a/keep.log", "index.html"], paths);
    }

    [Fact]
    public async Task List_RepositoryWithADeletedFile_LeavesItOut()
    {
        folder.Write("gone.txt", "x");
        folder.Write("here.txt", "x");
        Git("init", "--quiet");
        Git("add", ".");
        File.Delete(Path.Combine(folder.Path, "gone.txt"));
        Assert.Equal(["here.txt"], (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value);
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
