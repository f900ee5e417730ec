using System.Text;

namespace Strata.Nodes.Sandbox;

/// <summary>
/// Cuts a stream of bytes into lines of bounded length and bounded total. Text that a carriage return overwrites, as progress bars do, is dropped, and bytes that are not
/// UTF-8 are replaced. Not safe for concurrent use.
/// </summary>
internal sealed class LineSplitter(Action<string> onLine, int lineCharsMax, long bytesMax)
{
    private readonly Decoder decoder = new UTF8Encoding(false).GetDecoder();
    private readonly StringBuilder line = new();
    private readonly char[] chars = new char[8192];
    private long bytes;
    private bool isCut;

    public void Add(ReadOnlySpan<byte> chunk)
    {
        if (bytes > bytesMax) return;
        bytes += chunk.Length;
        while (!chunk.IsEmpty)
        {
            decoder.Convert(chunk, chars, flush: false, out var used, out var written, out _);
            Add(chars.AsSpan(0, written));
            chunk = chunk[used..];
        }
        if (bytes <= bytesMax) return;
        Flush();
        onLine($"[The output is longer than {bytesMax >> 10} KiB: the rest is not kept.]");
    }

    /// <summary>Hands out a last line without a line end.</summary>
    public void Flush()
    {
        if (line.Length > 0 || isCut) Emit();
    }

    private void Add(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf('\n');
            Append(end < 0 ? text : text[..end]);
            if (end < 0) return;
            Emit();
            text = text[(end + 1)..];
        }
    }

    private void Append(ReadOnlySpan<char> text)
    {
        var overwritten = text.TrimEnd('\r').LastIndexOf('\r');
        if (overwritten >= 0)
        {
            text = text[(overwritten + 1)..];
            line.Clear();
            isCut = false;
        }
        var room = lineCharsMax - line.Length;
        isCut |= text.Length > room;
        line.Append(text[..Math.Min(room, text.Length)]);
    }

    private void Emit()
    {
        var text = line.ToString().TrimEnd('\r');
        line.Clear();
        onLine(isCut ? text + "…" : text);
        isCut = false;
    }
}
