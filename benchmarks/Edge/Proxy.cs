using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Strata.Edge.Benchmarks;

/// <summary>A proxy under test: a process (with its children) that leads a port to the origin.</summary>
internal sealed class Proxy(string name, int port, Process process) : IDisposable
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK), on Linux always

    public string Name => name;
    public int Port => port;

    /// <summary>CPU seconds of the process and its children so far.</summary>
    public double CpuSeconds() => ProcessTree().Sum(CpuTicks) / TicksPerSecond;

    public double ResidentMegabytes() => ProcessTree().Sum(ResidentPages) * Environment.SystemPageSize / 1e6;

    public static Proxy Start(
        string name, int port, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>()) start.Environment[key] = value;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new Proxy(name, port, process);
    }

    public async Task WaitUntilItListensAsync()
    {
        for (var i = 0; i < 200; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }
        throw new InvalidOperationException($"{name} does not listen on {port}.");
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.WaitForExit(5000);
        process.Dispose();
    }

    private IEnumerable<int> ProcessTree()
    {
        var parents = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _))
            .Select(n => (Id: int.Parse(n!, CultureInfo.InvariantCulture), Stat: Stat(n!))).Where(p => p.Stat.Length > 1)
            .ToLookup(p => int.Parse(p.Stat[1], CultureInfo.InvariantCulture), p => p.Id);
        var open = new Queue<int>([process.Id]);
        while (open.TryDequeue(out var id))
        {
            yield return id;
            foreach (var child in parents[id]) open.Enqueue(child);
        }
    }

    private static long CpuTicks(int id) => Stat(id.ToString(CultureInfo.InvariantCulture)) is { Length: > 12 } f
        ? long.Parse(f[11], CultureInfo.InvariantCulture) + long.Parse(f[12], CultureInfo.InvariantCulture) : 0;

    private static long ResidentPages(int id) => Stat(id.ToString(CultureInfo.InvariantCulture)) is { Length: > 21 } f
        ? long.Parse(f[21], CultureInfo.InvariantCulture) : 0;

    /// <summary>Fields of /proc/ID/stat from the state (field 3) on; the name before may hold blanks.</summary>
    private static string[] Stat(string id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
