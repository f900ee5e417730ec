using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage;

/// <summary>The bound on one chunk of log lines.</summary>
internal static class LinesGuard
{
    public static void Check(int bytes)
    {
        if (bytes <= ILines.ChunkBytesMax) return;
        var message = $"A chunk of log lines has {bytes} bytes; at most {ILines.ChunkBytesMax} are taken.";
        throw new Error(ErrorKind.TooLarge, "TOO_LARGE", message, "Send the lines in smaller chunks.").ToException();
    }
}
