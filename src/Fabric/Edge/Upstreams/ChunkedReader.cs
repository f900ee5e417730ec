using System.Buffers;
using System.Globalization;

namespace Strata.Edge.Upstreams;

/// <summary>
/// Takes a chunked body (RFC 9112 §7.1) apart, fed with whatever arrives. Strict: line ends are CRLF, sizes are plain hexadecimal.
/// Extensions and trailers are read over.
/// </summary>
internal struct ChunkedReader
{
    /// <summary>Bound of one extension and of all trailers together.</summary>
    private const int LineBytesMax = 8 * 1024;
    private const int SizeDigitsMax = 15;

    private enum Step
    {
        SizeStart, Size, Extension, SizeLf, Data, DataCr, DataLf, TrailerStart, Trailer, TrailerLf, EndLf, Done,
    }

    private Step step;
    private long left;
    private int digits;
    private int lineBytes;

    /// <summary>The last chunk and the trailers have been read.</summary>
    public readonly bool IsDone => step == Step.Done;

    /// <summary>Writes the data in the input to the output.</summary>
    /// <returns>How many bytes were used: all, or up to the body's end.</returns>
    /// <exception cref="UpstreamException">It is not a valid chunked body.</exception>
    public int Read(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var position = 0;
        while (position < input.Length && step != Step.Done)
        {
            if (step == Step.Data) position += ReadData(input[position..], output);
            else ReadFrame(input[position++]);
        }
        return position;
    }

    private int ReadData(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var count = (int)Math.Min(left, input.Length);
        Forwarding.AnswerWriter.Put(output, input[..count]);
        left -= count;
        if (left == 0) step = Step.DataCr;
        return count;
    }

    private void ReadFrame(byte b)
    {
        step = step switch
        {
            Step.SizeStart or Step.Size => ReadSize(b),
            Step.Extension => b == '\r' ? Step.SizeLf : Bounded(b, Step.Extension),
            Step.SizeLf => Expect(b, '\n', left == 0 ? Step.TrailerStart : Step.Data),
            Step.DataCr => Expect(b, '\r', Step.DataLf),
            Step.DataLf => Expect(b, '\n', BeginSize()),
            Step.TrailerStart => b == '\r' ? Step.EndLf : Bounded(b, Step.Trailer),
            Step.Trailer => b == '\r' ? Step.TrailerLf : Bounded(b, Step.Trailer),
            Step.TrailerLf => Expect(b, '\n', Step.TrailerStart),
            _ => Expect(b, '\n', Step.Done),
        };
    }

    private Step ReadSize(byte b)
    {
        if (char.IsAsciiHexDigit((char)b))
        {
            if (++digits > SizeDigitsMax) throw Invalid();
            left = (left << 4) + int.Parse([(char)b], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            return Step.Size;
        }
        if (digits == 0) throw Invalid();
        lineBytes = 0;
        return b switch
        {
            (byte)'\r' => Step.SizeLf,
            (byte)';' or (byte)' ' or (byte)'\t' => Step.Extension,
            _ => throw Invalid(),
        };
    }

    private Step BeginSize()
    {
        digits = 0;
        left = 0;
        return Step.SizeStart;
    }

    private Step Bounded(byte b, Step next)
    {
        if (b == '\n' || ++lineBytes > LineBytesMax) throw Invalid();
        return next;
    }

    private static Step Expect(byte b, char expected, Step next) => b == expected ? next : throw Invalid();

    private static UpstreamException Invalid() => new("its chunked body is malformed");
}
