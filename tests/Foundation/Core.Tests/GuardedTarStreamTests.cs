using System.Formats.Tar;
using System.Text;

namespace Strata.Core.Tests;

public sealed class GuardedTarStreamTests
{
    private static readonly TarLimits Small = new(BytesMax: 4 << 20, EntriesMax: 100, ExtendedBytesMax: 64 << 10);

    private static byte[] Header(string name, char type, long size)
    {
        var block = new byte[512];
        Encoding.ASCII.GetBytes(name).CopyTo(block, 0);
        "0000644\0"u8.CopyTo(block.AsSpan(100));
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(block, 124);
        "00000000000"u8.CopyTo(block.AsSpan(136));
        block[156] = (byte)type;
        "ustar\000"u8.CopyTo(block.AsSpan(257));
        block.AsSpan(148, 8).Fill((byte)' ');
        var sum = block.Sum(x => x);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block, 148);
        return block;
    }

    private static byte[] Entry(string name, char type, byte[] content)
    {
        var padded = new byte[(content.Length + 511) / 512 * 512];
        content.CopyTo(padded, 0);
        return [.. Header(name, type, content.Length), .. padded];
    }

    private static async Task<List<string>> ReadAsync(byte[] archive, TarLimits? limits = null)
    {
        var names = new List<string>();
        await using var guard = new GuardedTarStream(new MemoryStream(archive), limits ?? Small);
        await using var tar = new TarReader(guard);
        while (await tar.GetNextEntryAsync() is { } entry) names.Add(entry.Name);
        return names;
    }

    [Fact]
    public async Task Read_PlainArchive_PassesAll()
    {
        var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, "folder/"));
            await writer.WriteEntryAsync(
                new PaxTarEntry(
                    TarEntryType.RegularFile, "folder/" + new string('n', 180)) { DataStream = new MemoryStream(new byte[70_000]) });
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink, "link") { LinkName = "folder" });
            await writer.WriteEntryAsync(
                new GnuTarEntry(TarEntryType.RegularFile, new string('g', 200)) { DataStream = new MemoryStream("x"u8.ToArray()) });
        }
        Assert.Equal(4, (await ReadAsync(archive.ToArray())).Count);
    }

    [Theory]
    [InlineData('x')]
    [InlineData('g')]
    [InlineData('L')]
    [InlineData('K')]
    public async Task Read_HugeExtendedHeader_EndsBeforeItIsRead(char type)
    {
        var source = new CountingStream(Header("a", type, 400L << 20));
        await using var guard = new GuardedTarStream(source, Small);
        await using var tar = new TarReader(guard);
        await Assert.ThrowsAsync<TarLimitException>(async () => await tar.GetNextEntryAsync());
        Assert.InRange(source.BytesRead, 512, 128 << 10);
    }

    [Fact]
    public async Task Read_SizeInExtendedHeader_IsRefused()
    {
        byte[] archive = [.. Entry("pax", 'x', "14 size=1024\n"u8.ToArray()), .. Entry("file", '0', [])];
        await Assert.ThrowsAsync<TarLimitException>(() => ReadAsync(archive));
    }

    [Fact]
    public async Task Read_LinkWithContent_IsRefused() =>
        await Assert.ThrowsAsync<TarLimitException>(() => ReadAsync(Entry("link", '2', new byte[512])));

    [Fact]
    public async Task Read_TooManyEntries_IsRefused() =>
        await Assert.ThrowsAsync<TarLimitException>(
            () => ReadAsync([.. Enumerable.Range(0, 101).SelectMany(x => Entry("f" + x, '0', []))]));

    [Fact]
    public async Task Read_TooManyBytes_IsRefused() =>
        await Assert.ThrowsAsync<TarLimitException>(() => ReadAsync(Entry("big", '0', new byte[5 << 20])));

    [Fact]
    public async Task Read_SizeThatIsNoNumber_IsRefused()
    {
        var block = Header("a", '0', 0);
        "zzzz"u8.CopyTo(block.AsSpan(124));
        await Assert.ThrowsAnyAsync<InvalidDataException>(() => ReadAsync(block));
    }

    /// <summary>A header and then zeros without end.</summary>
    private sealed class CountingStream(byte[] start) : Stream
    {
        public long BytesRead { get; private set; }
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => BytesRead; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Clear();
            if (BytesRead < start.Length)
                start.AsSpan((int)BytesRead, (int)Math.Min(count, start.Length - BytesRead)).CopyTo(buffer.AsSpan(offset));
            BytesRead += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
