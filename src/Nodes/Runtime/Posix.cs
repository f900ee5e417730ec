using System.Globalization;
using System.Runtime.InteropServices;

namespace Strata.Nodes.Runtime;

/// <summary>The few calls of the operating system that the base library does not offer.</summary>
internal static partial class Posix
{
    public const int SigKill = 9;
    public const int SigTerm = 15;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Link(string target, string path);

    /// <summary>SIGKILL to a process group; waits until none of it is left, at most two seconds.</summary>
    public static async Task KillGroupAsync(int leader, TimeProvider time)
    {
        _ = Kill(-leader, SigKill);
        for (var tries = 0; tries < 200 && Kill(-leader, 0) == 0; tries++) await Task.Delay(TimeSpan.FromMilliseconds(10), time);
    }

    public static bool IsRoot => EffectiveUser() == 0;

    /// <summary>
    /// When a process started, in clock ticks since the machine's boot; null when it is gone or a zombie. With the pid it names a process for ever, which the pid
    /// alone does not.
    /// </summary>
    public static long? StartTicks(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
