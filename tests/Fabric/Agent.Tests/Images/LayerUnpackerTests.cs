using System.Formats.Tar;
using System.IO.Compression;
using Strata.Agent.Images;
using Strata.Agent.Tests;

namespace Strata.Agent.Tests.Images;

public sealed class LayerUnpackerTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("strata-unpack-").FullName;

    public void Dispose() => Folder.Delete(root);

    [Fact]
    public async Task Unpack_GoodLayer_IsThereForEveryUser()
    {
        await UnpackAsync(
            TestImage.File("./a/b.txt", "hello"),
            new PaxTarEntry(TarEntryType.RegularFile, "run.sh") { Mode = (UnixFileMode)0b111_101_101,
                DataStream = new MemoryStream("x"u8.ToArray()) },
            TestImage.Link(TarEntryType.SymbolicLink, "link", "a/b.txt"), TestImage.Link(TarEntryType.HardLink, "hard", "a/b.txt"),
            new PaxTarEntry(TarEntryType.Directory, "empty/"));
        Assert.Equal("hello", File.ReadAllText(Inside("link")));
        Assert.Equal("hello", File.ReadAllText(Inside("hard")));
        Assert.True(Directory.Exists(Inside("empty")));
        Assert.Equal((UnixFileMode)0b110_110_110, File.GetUnixFileMode(Inside("a/b.txt")));
        Assert.Equal((UnixFileMode)0b111_111_111, File.GetUnixFileMode(Inside("run.sh")));
    }

    [Fact]
    public async Task Unpack_LaterEntry_TakesThePlace()
    {
        await UnpackAsync(TestImage.File("a", "old"), TestImage.File("a", "new"));
        Assert.Equal("new", File.ReadAllText(Inside("a")));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    [InlineData("/evil")]
    [InlineData("./../evil")]
    public async Task Unpack_PathThatLeadsOut_IsRefused(string name) =>
        Assert.Contains("leads out", await RefusedAsync(TestImage.File(name, "x")), StringComparison.Ordinal);

    [Theory]
    [InlineData("..")]
    [InlineData("/tmp")]
    [InlineData(".")]
    public async Task Unpack_WriteThroughSymbolicLink_IsRefused(string target) =>
        Assert.Contains(
            "writes through", await RefusedAsync(
                TestImage.Link(TarEntryType.SymbolicLink, "door", target), TestImage.File("door/evil", "x")), StringComparison.Ordinal);

    [Fact]
    public async Task Unpack_FileInPlaceOfLink_DoesNotFollowIt()
    {
        var outside = Path.Combine(root, "outside");
        await File.WriteAllTextAsync(outside, "safe");
        await UnpackAsync(TestImage.Link(TarEntryType.SymbolicLink, "a", outside), TestImage.File("a", "evil"));
        Assert.Equal("safe", await File.ReadAllTextAsync(outside));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../outside")]
    [InlineData("missing")]
    [InlineData("door")]
    public async Task Unpack_HardLinkElsewhere_IsRefused(string target)
    {
        await File.WriteAllTextAsync(Path.Combine(root, "outside"), "secret");
        await RefusedAsync(
            TestImage.Link(TarEntryType.SymbolicLink, "door", "/etc/passwd"), TestImage.Link(TarEntryType.HardLink, "hard", target));
    }

    [Fact]
    public async Task Unpack_Device_IsRefused() =>
        await RefusedAsync(new PaxTarEntry(TarEntryType.CharacterDevice, "null") { DeviceMajor = 1, DeviceMinor = 3 });

    [Fact]
    public async Task Unpack_Fifo_IsRefused() => await RefusedAsync(new PaxTarEntry(TarEntryType.Fifo, "pipe"));

    [Fact]
    public async Task Unpack_Bomb_IsStopped()
    {
        var zeros = new PaxTarEntry(TarEntryType.RegularFile, "zeros") { DataStream = new MemoryStream(new byte[4 << 20]) };
        Assert.Contains("more than 1 MiB", await RefusedAsync(new LayerLimits { BytesMax = 1 << 20 }, zeros), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unpack_TooManyFiles_IsStopped() => Assert.Contains(
        "more than 10 files", await RefusedAsync(
            new LayerLimits { EntriesMax = 10 }, [.. Enumerable.Range(0, 20).Select(i => TestImage.File($"f{i}", ""))]),
            StringComparison.Ordinal);

    [Fact]
    public async Task Unpack_LongPath_IsRefused() =>
        await RefusedAsync(TestImage.File(new string('a', 200) + string.Concat(Enumerable.Repeat("/" + new string('b', 200), 20)), "x"));

    [Theory]
    [InlineData(new byte[] { 1, 2, 3, 4 })]
    [InlineData(new byte[] { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3 })]
    public async Task Unpack_Garbage_IsRefused(byte[] bytes) =>
        await Assert.ThrowsAsync<BadLayerException>(() => Unpacker(LayerLimits.Default).UnpackAsync(new MemoryStream(bytes), default));

    [Fact]
    public async Task Unpack_CutOff_IsRefused()
    {
        var layer = TestImage.Layer([TestImage.File("a", new string('x', 100_000))]);
        await Assert.ThrowsAsync<BadLayerException>(
            () => Unpacker(LayerLimits.Default).UnpackAsync(new MemoryStream(layer[..(layer.Length / 2)]), default));
    }

    private string Inside(string path) => Path.Combine(root, "layer", path);

    private LayerUnpacker Unpacker(LayerLimits limits) => new(Directory.CreateDirectory(Inside("")).FullName.TrimEnd('/'), limits);

    private Task UnpackAsync(params TarEntry[] entries) =>
        Unpacker(LayerLimits.Default).UnpackAsync(new MemoryStream(TestImage.Layer(entries)), default);

    private Task<string> RefusedAsync(params TarEntry[] entries) => RefusedAsync(LayerLimits.Default, entries);

    private async Task<string> RefusedAsync(LayerLimits limits, params TarEntry[] entries)
    {
        var unpacking = Unpacker(limits).UnpackAsync(new MemoryStream(TestImage.Layer(entries)), default);
        var refused = await Assert.ThrowsAsync<BadLayerException>(() => unpacking);
        Assert.False(File.Exists(Path.Combine(root, "evil")));
        return refused.Message;
    }
}
