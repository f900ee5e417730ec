using System.IO.Pipelines;
using System.Text;

namespace Strata.Edge.Tls;

/// <summary>A client that speaks HTTP on the port for HTTPS gets an answer that it understands, instead of a cut connection.</summary>
internal static class PlainHttp
{
    private const string Sentence = "This port speaks HTTPS: use an address that begins with https://\n";

    /// <summary>The whole answer.</summary>
    public static readonly byte[] Refusal = Encoding.ASCII.GetBytes(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        + $"Content-Length: {Sentence.Length}\r\n\r\n{Sentence}");

    /// <summary>
    /// Whether the first byte is the beginning of a method; TLS begins with a byte that no text has. Nothing is consumed.
    /// </summary>
    public static async ValueTask<bool> IsAsync(PipeReader input, CancellationToken cancellationToken)
    {
        var read = await input.ReadAsync(cancellationToken);
        var isHttp = !read.Buffer.IsEmpty && char.IsAsciiLetterUpper((char)read.Buffer.FirstSpan[0]);
        input.AdvanceTo(read.Buffer.Start);
        return isHttp;
    }
}
