using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Sockets;
using Strata.Cli.Deploying;
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

    [Fact]
    public async Task Pack_WhatNoArchiveShouldCarry_IsLeftOutAndNamed()
    {
        folder.Write("index.html", "x");
        folder.Write("two\nlines", "x");
        Process.Start("mkfifo", Path.Combine(folder.Path, "pipe"))!.WaitForExit();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.Path, "socket")));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "out"), "/etc/passwd");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "self"), ".");
        var paths = (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.Paths;
        await using var archive = (await SourceArchive.PackAsync(folder.Path, paths, TestContext.Current.CancellationToken)).Value;
        Assert.Equal(2, archive.Files);
        Assert.Equal(
            [
                "left out: out: a link that leads out of the folder", "left out: pipe: a pipe, socket or device",
                "left out: socket: a pipe, socket or device",
                "left out: two?lines: its name has control characters or is not UTF-8",
            ],
            archive.LeftOut.Lines());
    }

    [Fact]
    public async Task Pack_ManyLeftOut_AreNamedUpToTwentyAndCounted()
    {
        folder.Write("index.html", "x");
        for (var i = 0; i < 45; i++) File.CreateSymbolicLink(Path.Combine(folder.Path, $"out{i:00}"), "/etc");
        var paths = (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.Paths;
        await using var archive = (await SourceArchive.PackAsync(folder.Path, paths, TestContext.Current.CancellationToken)).Value;
        Assert.Equal(21, archive.LeftOut.Lines().Count());
        Assert.Equal("left out: 25 more", archive.LeftOut.Lines().Last());
    }

    /// <summary>A mode with set-user-id, a second name of a file, and settings that are pipes.</summary>
    [Fact]
    public async Task Pack_SpecialModesAndHardLinks_BecomePlainFiles_AndPipesAsSettingsDoNotHang()
    {
        var tool = folder.Write("tool", "x");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.SetUser | UnixFileMode.SetGroup);
        Process.Start("ln", [tool, Path.Combine(folder.Path, "second")])!.WaitForExit();
        foreach (var name in (string[])[".gitignore", ".strataignore", "strata.yaml"])
            Process.Start("mkfifo", Path.Combine(folder.Path, name))!.WaitForExit();
        Assert.NotEmpty(DeploySource.Parse(folder.Path, null).DefaultName());
        var paths = (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.Paths;
        var entries = await EntriesAsync([.. paths]);
        Assert.Equal(["second", "tool"], entries.Select(e => e.Name));
        Assert.All(entries, e => Assert.Equal((TarEntryType.RegularFile, (UnixFileMode)0b111_101_101), (e.EntryType, e.Mode)));
    }

    /// <summary>Git lists what is in its index by path, and so through a link that has taken a folder's place.</summary>
    [Fact]
    public async Task Pack_TrackedFolderReplacedByALink_TakesNothingFromBehindIt()
    {
        using var other = new TempFolder();
        other.Write("a", "secret");
        other.Write("sub/b", "secret");
        folder.Write("index.html", "x");
        folder.Write("d/a", "mine");
        folder.Write("d/sub/b", "mine");
        Git("init", "--quiet");
        Git("add", ".");
        Directory.Delete(Path.Combine(folder.Path, "d"), recursive: true);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "d"), other.Path);
        var paths = (await SourceTree.ListAsync(folder.Path, TestContext.Current.CancellationToken)).Value.Paths;
        Assert.Equal(["index.html"], (await EntriesAsync([.. paths])).Select(e => e.Name));
        await using var archive = (await SourceArchive.PackAsync(folder.Path, paths, TestContext.Current.CancellationToken)).Value;
        Assert.Equal(
            [
                "left out: d: a link that leads out of the folder", "left out: d/a: a folder above it is a link",
                "left out: d/sub/b: a folder above it is a link",
            ],
            archive.LeftOut.Lines());
    }

    [Fact]
    public async Task Pack_Archive_IsForItsOwnerAndHasNoName()
    {
        folder.Write("a.txt", "x");
        await using var archive = (await SourceArchive.PackAsync(folder.Path, ["a.txt"], TestContext.Current.CancellationToken)).Value;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(archive.Content.SafeFileHandle));
        Assert.False(File.Exists(archive.Content.Name));
    }

    [Fact]
    public async Task Pack_Cancelled_ClosesItsTemporaryFile()
    {
        folder.Write("a.txt", "x");
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SourceArchive.PackAsync(folder.Path, ["a.txt"], cancelled.Token));
        var open = Directory.GetFiles("/proc/self/fd").Select(f => new FileInfo(f).LinkTarget ?? "");
        Assert.DoesNotContain(
            open, t => t.StartsWith(Path.Combine(Path.GetTempPath(), "strata-"), StringComparison.Ordinal) && t.Contains(".tar.gz"));
    }

    private void Git(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", folder.Path, .. arguments]))!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
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
