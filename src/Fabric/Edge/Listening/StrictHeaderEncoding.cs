using System.Text;
using Microsoft.Net.Http.Headers;

namespace Strata.Edge.Listening;

/// <summary>
/// How Kestrel reads header bytes for the edge: one byte, one character (Latin-1), so that what is not ASCII passes through unchanged. Two
/// headers are read with more care, where Kestrel would hide from the edge what the client really sent.
/// </summary>
internal static class StrictHeaderEncoding
{
    /// <summary>Stands in a Connection header for the client's "close".</summary>
    public const string CloseToken = "x-strata-close";

    private static readonly Encoding Digits = new DigitsEncoding();
    private static readonly Encoding Connection = new ConnectionEncoding();

    public static Encoding Select(string name)
    {
        if (name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase)) return Digits;
        return name.Equals(HeaderNames.Connection, StringComparison.OrdinalIgnoreCase) ? Connection : Encoding.Latin1;
    }

    /// <summary>
    /// A Content-Length of plain digits only: Kestrel by itself also takes <c>+5</c>, which another reader may understand differently.
    /// Every other byte reads as "x".
    /// </summary>
    private sealed class DigitsEncoding : Rewriting
    {
        protected override string Rewrite(ReadOnlySpan<byte> bytes) =>
            bytes.ContainsAnyExceptInRange((byte)'0', (byte)'9') ? new string('x', bytes.Length) : Latin1.GetString(bytes);
    }

    /// <summary>
    /// A Connection that names headers beside "close" or "keep-alive": Kestrel keeps only the latter, and the edge could no longer identify
    /// the named headers, which must end at this hop.
    /// </summary>
    private sealed class ConnectionEncoding : Rewriting
    {
        protected override string Rewrite(ReadOnlySpan<byte> bytes)
        {
            var text = Latin1.GetString(bytes);
            if (!text.Contains(',', StringComparison.Ordinal)) return text;
            var tokens = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (tokens.All(IsOfTheConnection)) return text;
            return string.Join(", ", tokens.Where(t => !Is(t, "keep-alive")).Select(t => Is(t, "close") ? CloseToken : t));
        }

        private static bool IsOfTheConnection(string token) => Is(token, "close") || Is(token, "keep-alive") || Is(token, "upgrade");

        private static bool Is(string token, string name) => token.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Latin-1 with a look at the whole value.</summary>
    private abstract class Rewriting : Encoding
    {
        protected abstract string Rewrite(ReadOnlySpan<byte> bytes);

        public override int GetByteCount(char[] chars, int index, int count) => count;

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

        public override int GetCharCount(byte[] bytes, int index, int count) => Rewrite(bytes.AsSpan(index, count)).Length;

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
        {
            var text = Rewrite(bytes.AsSpan(byteIndex, byteCount));
            text.CopyTo(chars.AsSpan(charIndex));
            return text.Length;
        }

        public override int GetMaxByteCount(int charCount) => charCount;

        public override int GetMaxCharCount(int byteCount) => byteCount + 32;
    }
}
