using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Strata.Core;

namespace Strata.Server.Hosting;

/// <summary>
/// Finds out before anything is started whether a port can be listened on, and who has it. It binds and never listens: the kernel would accept clients for a listening
/// socket, and reset them when the check ends. Binding is enough, because Linux refuses it where another socket listens.
/// </summary>
public static class PortCheck
{
    private const int ListenState = 0x0A;

    public static Error? Check(IPAddress address, int port, string what, string flag)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // As Kestrel binds: a port in TIME_WAIT is free.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, port));
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => ServerErrors.PortInUse(what, port, flag, Owner(port)),
                SocketError.AccessDenied => ServerErrors.PortForbidden(what, port, flag),
                SocketError.AddressNotAvailable => ServerErrors.AddressUnknown(address.ToString()),
                _ => ServerErrors.PortInUse(what, port, flag, e.Message),
            };
        }
    }

    /// <summary>Such as <c>nginx (process 812)</c>; null where the system does not tell us.</summary>
    private static string? Owner(int port)
    {
        try
        {
            var inodes = Inodes("/proc/net/tcp", port).Concat(Inodes("/proc/net/tcp6", port)).Select(i => $"socket:[{i}]").ToHashSet();
            return inodes.Count == 0 ? null : Directory.EnumerateDirectories("/proc").Select(p => Path.GetFileName(p)).Where(p => p.All(char.IsAsciiDigit))
                .Where(p => Holds(p, inodes)).Select(p => $"{File.ReadAllText($"/proc/{p}/comm").Trim()} (process {p})").FirstOrDefault();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Inodes(string table, int port) =>
        !File.Exists(table) ? [] : File.ReadLines(table).Skip(1).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f.Length > 9 && Hex(f[1].Split(':')[1]) == port && Hex(f[3]) == ListenState).Select(f => f[9]);

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static bool Holds(string pid, HashSet<string> sockets)
    {
        try
        {
            return new DirectoryInfo($"/proc/{pid}/fd").EnumerateFileSystemInfos().Any(f => f.LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
