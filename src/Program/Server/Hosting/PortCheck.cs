using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Server.Hosting;

/// <summary>
/// Finds out before anything is started whether a port can be listened on, and who has it. It binds and never listens: the kernel would
/// accept clients for a listening socket, and reset them when the check ends. Binding is enough, because Linux refuses it where another
/// socket listens.
/// </summary>
public static class PortCheck
{
    private const int ListenState = 0x0A;
    private const int PortWithoutRights = 8000;
    private const int ProposalsMax = 200;

    private static readonly Setting[] PortSettings =
        [Setting.ApiPort, Setting.HttpPort, Setting.HttpsPort, TelemetrySetting.MetricsListen, TelemetrySetting.EdgeMetricsListen];

    /// <returns>As <see cref="Check"/>, of all ports of an edge that is a process of its own.</returns>
    public static Error? CheckEdge(ServerOptions options) => Check(options, Setting.HttpPort) ?? Check(options, Setting.HttpsPort)
        ?? Check(options, TelemetrySetting.EdgeMetricsListen);

    /// <param name="setting">The port's: <see cref="Setting.ApiPort"/>, <see cref="Setting.HttpPort"/>, <see cref="Setting.HttpsPort"/> or
    /// one of the metrics.</param>
    /// <returns>Why it cannot be listened on, with a port that can be; null: it can.</returns>
    public static Error? Check(ServerOptions options, Setting setting)
    {
        if (EndPointOf(options, setting) is not (var what, { } endPoint)) return null;
        var (address, port) = (endPoint.Address, endPoint.Port);
        return Try(address, port) switch
        {
            null => null,
            SocketError.AccessDenied =>
                ServerErrors.PortForbidden(what, port, setting.Flag, Proposal(options, setting, endPoint, PortWithoutRights)),
            SocketError.AddressNotAvailable => ServerErrors.AddressUnknown(address.ToString(), setting.Flag),
            SocketError.AddressAlreadyInUse =>
                ServerErrors.PortInUse(what, port, Owner(port), setting.Flag, Proposal(options, setting, endPoint, port + 1)),
            var other =>
                ServerErrors.PortRefused(
                    what, port, new SocketException((int)other).Message, setting.Flag, Proposal(options, setting, endPoint, port + 1)),
        };
    }

    /// <summary>The command that starts with a port that was just found free; null where none is.</summary>
    private static string? Proposal(ServerOptions options, Setting setting, IPEndPoint wanted, int from)
    {
        var others = PortSettings.Where(s => s != setting).Select(s => EndPointOf(options, s).EndPoint?.Port);
        var ports = Enumerable.Range(from, ProposalsMax).Concat(Enumerable.Range(PortWithoutRights, ProposalsMax))
            .Where(p => p <= IPEndPoint.MaxPort && !others.Contains(p));
        var free = ports.FirstOrDefault(p => Try(wanted.Address, p) is null);
        var hasAddress = setting == TelemetrySetting.MetricsListen || setting == TelemetrySetting.EdgeMetricsListen;
        var value = hasAddress ? new IPEndPoint(wanted.Address, free).ToString() : free.ToString(CultureInfo.InvariantCulture);
        return free == 0 ? null : KeptSettings.StartCommand(options.Settings, setting, value);
    }

    /// <summary>What a port is for, and where it is; null: the setting says nowhere.</summary>
    private static (string What, IPEndPoint? EndPoint) EndPointOf(ServerOptions options, Setting setting)
    {
        if (setting == Setting.ApiPort) return ("API", new IPEndPoint(options.Listen, options.ApiPort));
        if (setting == Setting.HttpPort) return ("edge", new IPEndPoint(options.Listen, options.HttpPort));
        if (setting == Setting.HttpsPort)
            return ("edge's HTTPS", options.HttpsPort == 0 ? null : new IPEndPoint(options.Listen, options.HttpsPort));
        if (!options.Telemetry.IsOn) return ("metrics", null);
        return setting == TelemetrySetting.MetricsListen
            ? ("metrics", options.Telemetry.Metrics) : ("edge's metrics", options.Telemetry.EdgeMetrics);
    }

    /// <returns>Null: it can be listened on.</returns>
    private static SocketError? Try(IPAddress address, int port)
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
            return e.SocketErrorCode;
        }
    }

    /// <summary>
    /// Such as <c>nginx (process 812)</c>; null where the system does not reveal it: a process of another user, or of another container.
    /// </summary>
    private static string? Owner(int port)
    {
        try
        {
            var inodes = Inodes("/proc/net/tcp", port).Concat(Inodes("/proc/net/tcp6", port)).Select(i => $"socket:[{i}]").ToHashSet();
            return inodes.Count == 0 ? null : Directory.EnumerateDirectories("/proc").Select(p => Path.GetFileName(p))
                .Where(p => p.All(char.IsAsciiDigit))
                .Where(p => Holds(p, inodes)).Select(Describe).FirstOrDefault(d => d is not null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Null where it has just ended.</summary>
    private static string? Describe(string pid)
    {
        try
        {
            return $"{File.ReadAllText($"/proc/{pid}/comm").Trim()} (process {pid})";
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
            return new DirectoryInfo($"/proc/{pid}/fd").EnumerateFileSystemInfos()
                .Any(f => f.LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
