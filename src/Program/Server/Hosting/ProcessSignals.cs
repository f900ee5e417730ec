using System.Runtime.InteropServices;

namespace Strata.Server.Hosting;

/// <summary>Sends signals to processes that this program did not start itself.</summary>
public static partial class ProcessSignals
{
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>
    /// SIGUSR1: end the server, leave running what outlives it. Not SIGQUIT, which shells make background processes ignore.
    /// </summary>
    public const int Leave = 10;

    /// <summary>No effect if the process does not exist or belongs to another user.</summary>
    public static void Send(int pid, int signal) => _ = SendTo(pid, signal);

    /// <summary>
    /// Whether there is no such process any more. One whose exit code waits to be read has ended when its first thread is the only one
    /// left: the others end on their own, and the last of them closes files and sockets.
    /// </summary>
    public static bool HasEnded(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is 'Z' or 'X' && Directory.GetDirectories($"/proc/{pid}/task").Length <= 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendTo(int pid, int signal);
}
