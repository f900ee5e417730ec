using System.Runtime.InteropServices;

namespace Strata.Server.Hosting;

/// <summary>Sends signals to processes that this program did not start itself.</summary>
public static partial class ProcessSignals
{
    public const int Quit = 3;
    public const int Terminate = 15;

    /// <summary>No effect where there is no such process, or it is someone else's.</summary>
    public static void Send(int pid, int signal) => _ = Kill(pid, signal);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
