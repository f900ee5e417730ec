using Strata.Entities.Log;

namespace Strata.Storage;

/// <summary>The bound on one piece of a message. A breach is a fault of the program, so it throws.</summary>
internal static class MessageGuard
{
    public static void Check(int bytes) => ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, IMessages.PieceBytesMax);
}
