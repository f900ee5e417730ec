using Strata.Runtimes.Tests.Machines;

namespace Strata.Runtimes.Tests;

/// <summary>Where variables of runs are kept, against other users and what clears memory.</summary>
public sealed class MemoryFolderTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("strata-memory-").FullName;
    private readonly NodePaths paths;
    private readonly string run;

    public MemoryFolderTests()
    {
        Assert.SkipUnless(new DriveInfo("/dev/shm").DriveFormat == "tmpfs", "this machine has no file system in memory");
        paths = new NodePaths(home);
        run = Directory.CreateDirectory(Path.Combine(home, "node", "runs", "run-1")).FullName;
    }

    public void Dispose()
    {
        if (paths is not null) new MemoryFolder(paths).Remove();
        Folder.Delete(home);
    }

    [Fact]
    public void Open_AgainAndAgain_IsOneFolder_WithANameOfItsOwn()
    {
        var first = new MemoryFolder(paths).Open();
        Assert.Equal(first, new MemoryFolder(paths).Open());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(first!));
        new MemoryFolder(paths).Remove();
        Assert.False(Directory.Exists(first));
        Assert.NotEqual(first, new MemoryFolder(paths).Open());
    }

    /// <summary>As after a cleaner, and then another user who takes the name.</summary>
    [Theory]
    [InlineData("gone")]
    [InlineData("open to others")]
    [InlineData("a link")]
    public void Folder_ThatIsNoLongerOurs_IsNeitherReadNorWritten(string what)
    {
        var files = MemoryFiles.Of(paths, "runs");
        files.Write(run, "shim.json", "first");
        var folder = new MemoryFolder(paths).Find()!;
        var moved = folder + "-moved";
        Directory.Move(folder, moved);
        try
        {
            if (what == "a link") File.CreateSymbolicLink(folder, moved);
            else if (what == "open to others") Directory.CreateDirectory(folder, (UnixFileMode)0x1ff);
            if (what == "open to others") File.SetUnixFileMode(folder, (UnixFileMode)0x1ff);
            Assert.Null(files.Read(run, "shim.json"));
            files.Write(run, "shim.json", "second");
            Assert.Equal("second", files.Read(run, "shim.json"));
            Assert.NotEqual(folder, new MemoryFolder(paths).Find());
            Assert.Equal("first", File.ReadAllText(Path.Combine(moved, "runs", "run-1", "shim.json")));
        }
        finally
        {
            if (what == "a link") File.Delete(folder);
            else if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            Directory.Delete(moved, recursive: true);
        }
    }

    [Fact]
    public void Sweep_RemovesWhatBelongsToNoRun()
    {
        var files = MemoryFiles.Of(paths, "runs");
        files.Write(run, "shim.json", "first");
        files.Sweep([run]);
        Assert.Equal("first", files.Read(run, "shim.json"));
        files.Sweep([]);
        Assert.Null(files.Read(run, "shim.json"));
    }
}
