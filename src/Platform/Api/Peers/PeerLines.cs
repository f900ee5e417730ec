using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Strata.Api.Peers;

/// <summary>Reads what another server sends line by line, in bounded memory.</summary>
public static class PeerLines
{
    /// <summary>
    /// Each line without its line feed. One that is longer than the bound is skipped, so that what one organization has on that server does
    /// not end the stream for all others; so is a last line that was cut off.
    /// </summary>
    /// <param name="skipped">Called for each line that was too long.</param>
    /// <exception cref="IOException">The stream was cut off.</exception>
    public static async IAsyncEnumerable<byte[]> ReadAsync(
        Stream from, int bytesMax, Action skipped, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(from, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            var isSkipping = false;
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } feed)
                {
                    var line = rest.Slice(0, feed);
                    rest = rest.Slice(rest.GetPosition(1, feed));
                    if (isSkipping) isSkipping = false; // its end
                    else if (line.Length > bytesMax) skipped();
                    else yield return line.ToArray();
                }
                if (!isSkipping && rest.Length > bytesMax)
                {
                    isSkipping = true;
                    skipped();
                }
                reader.AdvanceTo(isSkipping ? rest.End : rest.Start, rest.End);
                if (read.IsCompleted) yield break;
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }
}
