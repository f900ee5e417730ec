using System.Diagnostics;
using System.Formats.Tar;
using Strata.Deployments.Images;
using Strata.Deployments.Source;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Images;

/// <summary>Folders that are made to hang, mislead or reveal.</summary>
public sealed class LayerWriterTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private async Task<(List<string> Names, LayerWriter Layer)> PackAsync(IReadOnlyList<string>? site)
    {
        var layer = new LayerWriter(new SourceTree(folder.Path), site, 1 << 20);
        using var tar = new MemoryStream();
        Assert.True((await layer.WriteAsync("", tar, TestContext.Current.CancellationToken)).IsOk);
        tar.Position = 0;
        var names = new List<string>();
        using var reader = new TarReader(tar);
        while (reader.GetNextEntry() is { } entry) names.Add(entry.Name);
        return (names, layer);
    }

    private void Pipe(string name) => Process.Start("mkfifo", folder[name])!.WaitForExit();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Write_PipesAndLinksToPipes_AreLeftOutAndNotWaitedFor(bool site)
    {
        folder.With("index.html", "x");
        Pipe("pipe");
        File.CreateSymbolicLink(folder["link"], "pipe");
        File.CreateSymbolicLink(folder["strata.yaml"], "pipe");
        var (names, layer) = await PackAsync(site ? [] : null);
        Assert.Contains("index.html", names);
        Assert.DoesNotContain("pipe", names);
        Assert.Contains("left out: pipe: a pipe, socket or device", layer.LeftOut.Lines());
        Assert.Equal(!site, names.Contains("link"));
    }

    [Fact]
    public async Task Write_ManyLinksToTheFolderItself_AreNotEntered()
    {
        folder.With("index.html", "x");
        for (var i = 0; i < 20; i++) File.CreateSymbolicLink(folder["self" + i], ".");
        var (names, layer) = await PackAsync([]);
        Assert.Equal(["index.html"], names);
        Assert.Equal(20, layer.LeftOut.Count);
    }

    [Fact]
    public async Task Write_LinkToTheRootOfTheMachine_IsNotEntered()
    {
        folder.With("index.html", "x");
        File.CreateSymbolicLink(folder["root"], "/");
        Directory.CreateDirectory(folder["sub"]);
        File.CreateSymbolicLink(folder["sub/passwd"], "/etc/passwd");
        var (names, layer) = await PackAsync([]);
        Assert.Equal(["index.html", "sub/"], names.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["left out: root: a link that leads out of the folder", "left out: sub/passwd: a link that leads out of the folder"],
            layer.LeftOut.Lines());
    }

    [Fact]
    public async Task Write_LineBreakInName_IsLeftOut()
    {
        folder.With("index.html", "x").With("two\nlines", "x");
        var (names, layer) = await PackAsync(null);
        Assert.Equal(["index.html"], names);
        Assert.StartsWith("left out: two?lines: ", Assert.Single(layer.LeftOut.Lines()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_Site_LeavesOutWhatServersRunAndWhatIsSecret()
    {
        folder.With("index.html", "x").With("config.php", "x").With("strata.yaml", "x").With(".env", "x").With("a/.git/config", "x")
            .With("a/b.py", "x").With("db/seed.sql", "x");
        File.CreateSymbolicLink(folder["config.txt"], "config.php");
        var (names, layer) = await PackAsync(["db/seed.sql"]);
        Assert.Equal(["a/", "db/", "db/seed.sql", "index.html"], names.Order(StringComparer.Ordinal));
        Assert.Equal(["a/b.py", "config.php", "strata.yaml"], layer.NotServed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Write_Application_KeepsItsFiles()
    {
        folder.With("app.py", "x").With(".env", "x").With("strata.yaml", "x");
        Assert.Equal([".env", "app.py", "strata.yaml"], (await PackAsync(null)).Names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void SourceTree_TooManyEntries_IsRefused()
    {
        for (var i = 0; i < 20; i++) folder.With("f" + i, "");
        Assert.Throws<TooManyEntriesException>(() => new SourceTree(folder.Path, entriesMax: 10));
    }

    [Fact]
    public void SourceTree_PipeInPlaceOfAFile_IsNoFile()
    {
        Pipe("package.json");
        var tree = new SourceTree(folder.Path);
        Assert.False(tree.HasFile("package.json"));
        Assert.Null(tree.Read("package.json"));
    }
}
