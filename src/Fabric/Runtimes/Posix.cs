using System.Globalization;
using System.Runtime.InteropServices;

namespace Strata.Runtimes;

/// <summary>The few calls of the operating system that the base library does not offer.</summary>
public static partial class Posix
{
    public const int SigKill = 9;
    public const int SigTerm = 15;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string target, string path);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* result);

    /// <summary>The user that owns a file or folder; null: nothing is there, or a link. Source: statx(2).</summary>
    internal static unsafe uint? OwnerOf(string path)
    {
        const int currentFolder = -100, noFollow = 0x100, typeMask = 0xf000, linkType = 0xa000, size = 256;
        const int userOffset = 20, modeOffset = 28;
        var result = stackalloc byte[size];
        if (StatX(currentFolder, path, noFollow, 0x7ff, result) != 0) return null;
        return (*(ushort*)(result + modeOffset) & typeMask) == linkType ? null : *(uint*)(result + userOffset);
    }

    /// <summary>Gives a file one more name.</summary>
    public static bool TryLink(string target, string path) => Link(target, path) == 0;

    /// <summary>SIGKILL to a process group; waits until none of it is left, at most two seconds.</summary>
    public static async Task KillGroupAsync(int leader, TimeProvider time)
    {
        _ = Kill(-leader, SigKill);
        for (var tries = 0; tries < 200 && Kill(-leader, 0) == 0; tries++) await Task.Delay(TimeSpan.FromMilliseconds(10), time);
    }

    /// <summary>
    /// Sends SIGKILL to what is left of a session whose leader was killed; waits until it is gone, at most two seconds. Does nothing when
    /// the leader's number belongs to another process by now.
    /// </summary>
    public static async Task KillSessionAsync(int leader, TimeProvider time)
    {
        for (var tries = 0; tries < 200 && StartTicks(leader) is null; tries++)
        {
            var members = Members(leader);
            if (members.Count == 0) return;
            foreach (var pid in members) _ = Kill(pid, SigKill);
            await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        }
    }

    private static List<int> Members(int session)
    {
        var members = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && Stat(pid) is { } stat
                && stat[0] is not ("Z" or "X")
                && stat[3] == session.ToString(CultureInfo.InvariantCulture)) members.Add(pid);
        }
        return members;
    }

    public static bool IsRoot => EffectiveUser() == 0;

    /// <summary>
    /// When a process started, in clock ticks since the machine's boot; null when it is gone or a zombie. With the pid it names a process
    /// for ever, which the pid alone does not.
    /// </summary>
    public static long? StartTicks(int pid) =>
        Stat(pid) is { } fields && fields[0] is not ("Z" or "X") ? long.Parse(fields[19], CultureInfo.InvariantCulture) : null;

    /// <summary>The fields behind the name: state, parent, group, session … as in proc(5); null when there is no such process.</summary>
    private static string[]? Stat(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
