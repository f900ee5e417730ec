using System.Text;
using Microsoft.Net.Http.Headers;

namespace Strata.Edge.Listening;

/// <summary>
/// How Kestrel reads header bytes for the edge: one byte, one character (Latin-1), so that what is not ASCII passes through unchanged; and a Content-Length of plain digits
/// only, where Kestrel by itself also takes <c>+5</c>, which another reader may understand differently.
/// </summary>
internal static class StrictHeaderEncoding
{
    private static readonly Encoding Digits = new DigitsEncoding();

    public static Encoding Select(string name) =>
        ReferenceEquals(name, HeaderNames.ContentLength) || name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase) ? Digits : Encoding.Latin1;

    /// <summary>Latin-1 in which every byte but a digit reads as "x": not a number.</summary>
    private sealed class DigitsEncoding : Encoding
    {
        public override int GetByteCount(char[] chars, int index, int count) => count;

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

        public override int GetCharCount(byte[] bytes, int index, int count) => count;

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
        {
            for (var i = 0; i < byteCount; i++) chars[charIndex + i] = bytes[byteIndex + i] is >= (byte)'0' and <= (byte)'9' ? (char)bytes[byteIndex + i] : 'x';
            return byteCount;
        }

        public override int GetMaxByteCount(int charCount) => charCount;

        public override int GetMaxCharCount(int byteCount) => byteCount;
    }
}
