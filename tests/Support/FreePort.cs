using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Strata.TestSupport;

/// <summary>
/// Ports for servers that must be told theirs. They lie below the range from which the system gives out ports of its own accord (32768 and up on Linux),
/// and each is this process's until it ends: between the choice and the use, and while a server restarts, nobody else gets it.
/// </summary>
internal static class FreePort
{
    private const int First = 10_240, End = 32_000;

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
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "strata-test-ports"));
        try
        {
            return new FileStream(Path.Combine(folder.FullName, port.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            return null;
        }
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
