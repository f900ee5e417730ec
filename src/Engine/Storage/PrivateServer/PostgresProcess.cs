using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Strata.Core;

namespace Strata.Storage.PrivateServer;

/// <summary>
/// The server process of a folder, found by what the kernel says and not only by its pid file: after a crash or a reboot the number in that
/// file may belong to someone else. A server's working folder is its data folder for all its life.
/// </summary>
internal sealed partial class PostgresProcess(int pid, PostgresFolder folder)
{
    private const int StatusLine = 7;
    private const int SignalInterrupt = 2;
    private const int SignalQuit = 3;

    public int Pid => pid;

    public bool IsAlive => WorksIn(pid, folder.Data);

    /// <summary>Whether there is no such process at all: one that was just launched has not entered its folder yet.</summary>
    public bool IsGone => !Directory.Exists($"/proc/{pid}/cwd");

    public bool IsReady => Status == "ready" && IsListening();

    private string Status => ReadPidFile(folder) is { } lines && lines.Length > StatusLine ? lines[StatusLine].Trim() : "";

    /// <summary>The server that runs in this folder, or null.</summary>
    public static PostgresProcess? Find(PostgresFolder folder) =>
        PidInFile(folder) is { } pid && WorksIn(pid, folder.Data) ? new PostgresProcess(pid, folder) : null;

    /// <summary>Any process that still works in the folder: backends may outlive a killed server for a moment.</summary>
    public static int? FindAny(PostgresFolder folder)
    {
        foreach (var path in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && WorksIn(pid, folder.Data)) return pid;
        }
        return null;
    }

    /// <summary>
    /// Removes what a dead server left. PostgreSQL does so itself, except where the number of the dead process has gone to another one.
    /// Only for a folder in which no process works, because the pid file is what keeps two servers out of one folder.
    /// </summary>
    public static void ClearRemains(PostgresFolder folder)
    {
        File.Delete(folder.PidFile);
        File.Delete(folder.SocketFile);
        File.Delete(folder.SocketFile + ".lock");
    }

    /// <summary>Asks for a fast, orderly stop: open transactions are rolled back, then a checkpoint.</summary>
    public void Stop() => _ = Kill(pid, SignalInterrupt);

    /// <summary>Stops at once; the next start recovers from the log.</summary>
    public void Abort() => _ = Kill(pid, SignalQuit);

    private bool IsListening()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(folder.SocketFile));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int? PidInFile(PostgresFolder folder) =>
        ReadPidFile(folder) is [var first, ..] && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            ? pid : null;

    private static string[]? ReadPidFile(PostgresFolder folder)
    {
        try
        {
            return File.ReadAllLines(folder.PidFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A zombie has no working folder any more, so it counts as gone.</summary>
    private static bool WorksIn(int pid, string data)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/cwd").LinkTarget is { } target && target == RealPath.Of(data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
