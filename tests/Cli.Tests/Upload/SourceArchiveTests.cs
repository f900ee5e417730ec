using System.Formats.Tar;
using System.IO.Compression;
using Strata.Cli.Upload;

namespace Strata.Cli.Tests.Upload;

public sealed class SourceArchiveTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Pack_SameFilesAtAnotherTime_GiveTheSameDigest()
    {
        folder.Write("a.txt", "one");
        folder.Write("empty", "");
        var first = await DigestAsync("a.txt", "empty");
        File.SetLastWriteTimeUtc(Path.Combine(folder.Path, "a.txt"), new DateTime(2001, 2, 3, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(first, await DigestAsync("a.txt", "empty"));
        folder.Write("a.txt", "two");
        Assert.NotEqual(first, await DigestAsync("a.txt", "empty"));
    }

    [Fact]
    public async Task Pack_LinksAndModes_AreKeptWithinTheFolder()
    {
        File.SetUnixFileMode(folder.Write("run.sh", "#!/bin/sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "inside"), "run.sh");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "outside"), "../../etc/passwd");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "rooted"), "/etc/passwd");
        var entries = await EntriesAsync("inside", "outside", "rooted", "run.sh");
        Assert.Equal(["inside", "run.sh"], entries.Select(e => e.Name));
        Assert.Equal("run.sh", entries[0].LinkName);
        Assert.True(entries[1].Mode.HasFlag(UnixFileMode.OtherExecute));
    }

    [Fact]
    public async Task Pack_LongName_IsKept()
    {
        var path = string.Join('/', Enumerable.Repeat("folder-with-a-long-name", 12)) + "/file.txt";
        folder.Write(path, "x");
        Assert.Equal(path, Assert.Single(await EntriesAsync(path)).Name);
    }

    private async Task<string> DigestAsync(params string[] paths)
    {
        await using var archive = (await SourceArchive.PackAsync(folder.Path, paths, TestContext.Current.CancellationToken)).Value;
        return archive.Digest;
    }

    private async Task<List<TarEntry>> EntriesAsync(params string[] paths)
    {
        await using var archive = (await SourceArchive.PackAsync(folder.Path, paths, TestContext.Current.CancellationToken)).Value;
        await using var tar = new TarReader(new GZipStream(archive.Content, CompressionMode.Decompress));
        var entries = new List<TarEntry>();
        while (await tar.GetNextEntryAsync(copyData: true, TestContext.Current.CancellationToken) is { } entry) entries.Add(entry);
        return entries;
    }
}
