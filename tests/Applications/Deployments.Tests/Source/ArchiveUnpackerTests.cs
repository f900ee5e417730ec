using System.Formats.Tar;
using System.IO.Compression;
using Strata.Core;
using Strata.Deployments.Source;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Source;

public sealed class ArchiveUnpackerTests : IDisposable
{
    private readonly TempFolder outer = new();

    private string Root => Directory.CreateDirectory(outer["root"]).FullName;

    public void Dispose() => outer.Dispose();

    private static PaxTarEntry File(string name, string content = "x") =>
        new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)) };

    private static PaxTarEntry Link(string name, string target, TarEntryType type = TarEntryType.SymbolicLink) =>
        new(type, name) { LinkName = target };

    private static MemoryStream Pack(params PaxTarEntry[] entries)
    {
        var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach (var entry in entries) tar.WriteEntry(entry);
        }
        memory.Position = 0;
        return memory;
    }

    private Task<Result<Done>> UnpackAsync(Stream archive, SourceLimits? limits = null) =>
        new ArchiveUnpacker(limits ?? SourceLimits.Default).UnpackAsync(archive, Root, default);

    [Fact]
    public async Task Unpack_FilesFoldersAndLinks_AreThere()
    {
        var program = File("bin/run");
        program.Mode = (UnixFileMode)0b111_101_101;
        var unpacked = await UnpackAsync(
            Pack(new PaxTarEntry(TarEntryType.Directory, "./"), File("./a.txt", "one"), program, Link("b.txt", "a.txt"),
                Link("lib/c", "../bin/run"), Link("hard", "a.txt", TarEntryType.HardLink)));
        Assert.True(unpacked.IsOk, unpacked.Error?.Message);
        Assert.Equal("one", System.IO.File.ReadAllText(Path.Combine(Root, "b.txt")));
        Assert.Equal("one", System.IO.File.ReadAllText(Path.Combine(Root, "hard")));
        Assert.True((System.IO.File.GetUnixFileMode(Path.Combine(Root, "bin/run")) & UnixFileMode.UserExecute) != 0);
    }

    /// <summary>Nothing can be reached through them, so they are what they are in the source: links.</summary>
    [Fact]
    public async Task Unpack_LinksInACircle_AreKeptAsLinks()
    {
        var unpacked = await UnpackAsync(
            Pack(File("a.txt"), Link("self", "self"), Link("here", "there"), Link("there", "here"), Link("x/up", "../x/up/y")));
        Assert.True(unpacked.IsOk, unpacked.Error?.Message);
        Assert.Equal(
            ["self", "there", "here"], new[] { "self", "here", "there" }.Select(n => new FileInfo(Path.Combine(Root, n)).LinkTarget));
        var tree = new SourceTree(Root);
        Assert.False(tree.HasFile("self"));
        Assert.Null(tree.Folder("x/up"));
        Assert.True(tree.HasFile("a.txt"));
    }

    /// <summary>.NET's reader takes a line break in a pax record for its end.</summary>
    [Theory]
    [InlineData("bad\nname.txt", "bad\\nname.txt")]
    [InlineData("dir/tab\there", "tab\\there")]
    public async Task Unpack_ANameWithALineBreak_IsRefusedWithTheNameEscaped(string name, string shown)
    {
        var unpacked = await UnpackAsync(Pack(File("a.txt"), File(name)));
        Assert.Equal("ARCHIVE_UNSAFE", unpacked.Error!.Code);
        Assert.Contains(shown, unpacked.Error.Message, StringComparison.Ordinal);
        Assert.Contains("control character", unpacked.Error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, PaxTarEntry[]> Attacks => new()
    {
        { "climbs", [File("../evil")] },
        { "climbs inside", [File("a/../../evil")] },
        { "absolute", [File("/tmp/evil")] },
        { "link out", [Link("a", "../outside")] },
        { "absolute link", [Link("a", "/etc/passwd")] },
        { "through a link", [Link("a", "."), File("a/b")] },
        { "link in place of a folder", [File("a/b"), Link("a", "c")] },
        { "chain of links", [new PaxTarEntry(TarEntryType.Directory, "x"), Link("x/up", ".."), Link("out", "x/up/../outside")] },
        { "link out beside a circle", [Link("a", "a"), Link("b", "../outside")] },
        { "through a circle", [Link("a", "a"), File("a/b")] },
        { "hard link out", [Link("a", "../../etc/passwd", TarEntryType.HardLink)] },
        { "hard link to a link", [Link("a", "b"), Link("c", "a", TarEntryType.HardLink), File("b")] },
        { "device", [new PaxTarEntry(TarEntryType.CharacterDevice, "null") { DeviceMajor = 1, DeviceMinor = 3 }] },
        { "pipe", [new PaxTarEntry(TarEntryType.Fifo, "pipe")] },
        { "file and folder", [File("a"), File("a/b")] },
    };

    [Theory]
    [MemberData(nameof(Attacks), DisableDiscoveryEnumeration = true)]
    public async Task Unpack_Attack_IsRefusedAndNothingIsOutside(string what, PaxTarEntry[] entries)
    {
        var unpacked = await UnpackAsync(Pack(entries));
        Assert.False(unpacked.IsOk, what);
        Assert.Contains(unpacked.Error!.Code, new[] { "ARCHIVE_UNSAFE", "SOURCE_UNSAFE", "ARCHIVE_INVALID" });
        Assert.Equal([Root], Directory.GetFileSystemEntries(outer.Path));
    }

    [Fact]
    public async Task Unpack_TooManyFilesOrBytes_IsRefused()
    {
        var many = await UnpackAsync(Pack(File("a"), File("b"), File("c")), SourceLimits.Default with { FilesMax = 2 });
        Assert.Equal("SOURCE_TOO_LARGE", many.Error!.Code);
        var large = await UnpackAsync(Pack(File("d", new string('x', 2000))), SourceLimits.Default with { BytesMax = 1000 });
        Assert.Equal("SOURCE_TOO_LARGE", large.Error!.Code);
    }

    [Fact]
    public async Task Unpack_Garbage_IsRefused()
    {
        var garbage = Seeded.Bytes(5000);
        Assert.Equal("ARCHIVE_INVALID", (await UnpackAsync(new MemoryStream(garbage))).Error!.Code);
        var cut = Pack(File("a", new string('y', 100_000))).ToArray();
        Assert.Equal("ARCHIVE_INVALID", (await UnpackAsync(new MemoryStream(cut[..(cut.Length / 2)]))).Error!.Code);
    }
}
