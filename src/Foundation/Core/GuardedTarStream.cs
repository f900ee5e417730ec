using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Strata.Core;

/// <summary>
/// Passes a tar archive on to a reader that trusts it, and ends it where it breaks a bound: .NET's TarReader reads extended headers (pax
/// "x" and "g", GNU "L" and "K") whole into memory, of whatever size they say, and skips content of any length. Reads headers as they pass;
/// changes nothing. Not safe for concurrent use.
/// <para>Invariant: it and the reader agree on where each header is. What could lead them apart (a size in a pax header, a link with
/// content, sparse files) ends the stream with <see cref="TarLimitException"/>, as does everything past a bound; a header that it cannot
/// read ends it with <see cref="InvalidDataException"/>.</para>
/// </summary>
public sealed class GuardedTarStream(Stream source, TarLimits limits) : Stream
{
    private const int BlockBytes = 512;
    private const int TypeOffset = 156;

    private readonly byte[] header = new byte[BlockBytes];
    private int headerBytes;
    private long contentLeft;
    private bool isExtended;
    private long total;
    private int entries;
    private long extendedInRow;
    private int matched;
    private bool ended;
    private MemoryStream? records;
    private long recordBytes;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => total;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = source.Read(buffer);
        Check(buffer[..read]);
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await source.ReadAsync(buffer, cancellationToken);
        Check(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Check(ReadOnlySpan<byte> bytes)
    {
        if ((total += bytes.Length) > limits.BytesMax) throw new TarLimitException($"it unpacks to more than {limits.BytesMax >> 20} MiB");
        while (!bytes.IsEmpty && !ended)
        {
            if (contentLeft > 0)
            {
                var skipped = (int)Math.Min(contentLeft, bytes.Length);
                if (isExtended) LookForSize(bytes[..skipped]);
                contentLeft -= skipped;
                if (records is not null) Collect(bytes[..skipped]);
                bytes = bytes[skipped..];
                continue;
            }
            var part = Math.Min(BlockBytes - headerBytes, bytes.Length);
            bytes[..part].CopyTo(header.AsSpan(headerBytes));
            bytes = bytes[part..];
            if ((headerBytes += part) < BlockBytes) return;
            headerBytes = 0;
            ReadHeader();
        }
    }

    private void ReadHeader()
    {
        if (!header.AsSpan().ContainsAnyExcept((byte)0))
        {
            ended = true; // readers stop at the first empty block; what follows is of no meaning
            return;
        }
        isExtended = false;
        if (++entries > limits.EntriesMax) throw new TarLimitException($"it holds more than {limits.EntriesMax} entries");
        var size = Size(header.AsSpan(124, 12));
        switch (header[TypeOffset])
        {
            case (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K':
                isExtended = header[TypeOffset] is (byte)'x' or (byte)'g';
                matched = 0;
                recordBytes = size;
                records = header[TypeOffset] == (byte)'x' && size <= limits.ExtendedBytesMax ? new MemoryStream((int)size) : null;
                if (size > limits.ExtendedBytesMax || (extendedInRow += size) > limits.ExtendedBytesMax * 4)
                    throw new TarLimitException($"it has an extended header of more than {limits.ExtendedBytesMax >> 10} KiB");
                break;
            case (byte)'S' or (byte)'M':
                throw new TarLimitException("it holds a sparse or multi-volume file");
            case >= (byte)'1' and <= (byte)'6':
                // A reader takes no content from these, whatever their size says; an archive that says otherwise would be read out of step.
                if (size > 0) throw new TarLimitException("it holds a link, folder or device with content");
                extendedInRow = 0;
                break;
            default:
                extendedInRow = 0;
                break;
        }
        contentLeft = (size + BlockBytes - 1) / BlockBytes * BlockBytes;
    }

    /// <summary>Checks once the records are whole: the reader parses them before it reads their padding.</summary>
    private void Collect(ReadOnlySpan<byte> content)
    {
        records!.Write(content[..(int)Math.Min(content.Length, recordBytes - records.Length)]);
        if (records.Length == recordBytes) CheckNames();
    }

    /// <summary>
    /// .NET's reader takes the first line break in a record for its end, so it would only say that the archive is broken. A record is
    /// "LENGTH KEY=VALUE\n"; what does not read so is left to the reader.
    /// </summary>
    private void CheckNames()
    {
        ReadOnlySpan<byte> rest = records!.ToArray();
        records = null;
        while (rest.IndexOf((byte)' ') is > 0 and < 10 and var space
            && Utf8Parser.TryParse(rest[..space], out int length, out _) && length > space + 1 && length <= rest.Length)
        {
            var record = rest[(space + 1)..(length - 1)];
            rest = rest[length..];
            if (record.IndexOf((byte)'=') is not (> 0 and var equals)) continue;
            var key = record[..equals];
            if (!key.SequenceEqual("path"u8) && !key.SequenceEqual("linkpath"u8)) continue;
            var name = Encoding.UTF8.GetString(record[(equals + 1)..]);
            if (name.Any(char.IsControl)) throw new TarNameException(name);
        }
    }

    /// <summary>A pax size record takes the place of the header's size; tools write it only for files larger than any bound here.</summary>
    private void LookForSize(ReadOnlySpan<byte> content)
    {
        var record = " size="u8;
        foreach (var value in content)
        {
            matched = value == record[matched] ? matched + 1 : value == record[0] ? 1 : 0;
            if (matched == record.Length) throw new TarLimitException("it gives the size of a file in an extended header");
        }
    }

    /// <summary>Octal text, or base 256 where the first bit is set.</summary>
    private static long Size(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            var value = 0L;
            for (var i = 1; i < field.Length; i++)
            {
                if (value > long.MaxValue >> 9) throw new InvalidDataException("The size of an entry is too large.");
                value = (value << 8) | field[i];
            }
            return field[0] == 0x80 && value < long.MaxValue - BlockBytes
                ? value : throw new InvalidDataException("The size of an entry is negative or too large.");
        }
        var size = 0L;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7') throw new InvalidDataException("The size of an entry is not a number.");
            size = (size << 3) | (uint)(digit - '0');
        }
        return size;
    }
}

/// <summary>Bounds of one tar archive.</summary>
/// <param name="BytesMax">Of the whole archive, unpacked, headers included.</param>
/// <param name="EntriesMax">Header blocks of every kind.</param>
/// <param name="ExtendedBytesMax">Of one extended header; names and links of 4 KiB fit in far less.</param>
public sealed record TarLimits(long BytesMax, int EntriesMax, long ExtendedBytesMax = 256 << 10);

/// <summary>An archive that breaks a bound; the message is a clause without a full stop.</summary>
public class TarLimitException(string why) : Exception(why);

/// <summary>An entry, or the target of a link, has a name that readers of tar disagree about.</summary>
public sealed class TarNameException(string name) : TarLimitException($"the name \"{Escape(name)}\" {Why}")
{
    public const string Why = "has a line break or another control character";
    private const int CharactersMax = 120;

    /// <summary>As <see cref="Escape"/> writes it.</summary>
    public string Escaped => Escape(name);

    /// <summary>As JSON writes it, without its quotes; cut where it is long.</summary>
    public static string Escape(string name) =>
        JsonEncodedText.Encode(name.Shortened(CharactersMax), JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
}
