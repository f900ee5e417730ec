using System.Text;

namespace Strata.Runtimes.Sandbox;

/// <summary>
/// Cuts a stream of bytes into lines of bounded length and bounded total. Text that a carriage return overwrites, as progress bars do, is
/// dropped, and bytes that are not UTF-8 are replaced. Not safe for concurrent use.
/// </summary>
public sealed class LineSplitter(Action<string> onLine, int lineCharsMax, long bytesMax)
{
    private readonly Decoder decoder = new UTF8Encoding(false).GetDecoder();
    private readonly StringBuilder line = new();
    private readonly char[] chars = new char[8192];
    private long bytes;
    private bool isCut;
    private bool isReturned;

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
        if (text.IsEmpty) return;
        var shown = text.TrimEnd('\r');
        var overwritten = shown.LastIndexOf('\r');
        if (overwritten >= 0 || (isReturned && !shown.IsEmpty)) Restart();
        isReturned = shown.Length < text.Length || (isReturned && shown.IsEmpty);
        shown = shown[(overwritten + 1)..];
        var room = lineCharsMax - line.Length;
        isCut |= shown.Length > room;
        line.Append(shown[..Math.Min(room, shown.Length)]);
    }

    /// <summary>What follows a carriage return takes the place of what was before it.</summary>
    private void Restart()
    {
        line.Clear();
        isCut = false;
    }

    private void Emit()
    {
        var text = line.ToString();
        onLine(isCut ? text + "…" : text);
        Restart();
        isReturned = false;
    }
}
