using System.Runtime.InteropServices;

namespace Strata.Server.Hosting;

/// <summary>Keeps this process's memory, which has keys and secrets in it, out of files.</summary>
public static partial class CoreDumps
{
    private const int CoreLimit = 4; // RLIMIT_CORE

    /// <summary>The kernel writes no dump of this process or its children when one crashes.</summary>
    public static void Forbid()
    {
        var none = new Limit(0, 0);
        _ = SetLimit(CoreLimit, in none);
    }

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Limit(ulong Soft, ulong Hard);
}
