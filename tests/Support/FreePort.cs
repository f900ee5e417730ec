using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Strata.TestSupport;

/// <summary>
/// Ports for servers that must be told theirs. They lie below the range from which the system gives out ports of its own accord (32768 and
/// up on Linux), and each is this process's until it ends: between the choice and the use, and while a server restarts, nobody else gets
/// it.
/// </summary>
internal static class FreePort
{
    private const int First = 10_240, End = 32_000;

    private static readonly Lazy<string> folder = new(MakeFolder);
    private static readonly List<FileStream> held = [];

    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, End);
            if (!IsFree(port) || Hold(port) is not { } file) continue;
            lock (held) held.Add(file);
            return port;
        }
    }

    private static FileStream? Hold(int port)
    {
        try
        {
            var file = Path.Combine(folder.Value, port.ToString(CultureInfo.InvariantCulture));
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // held by another process, perhaps of another user
        }
    }

    private static string MakeFolder()
    {
        var folder = Path.Combine(Path.GetTempPath(), "strata-test-ports");
        if (Directory.Exists(folder)) return folder;
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, (UnixFileMode)0b001_111_111_111); // as /tmp: of all users
        return folder;
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
