using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Strata.Rpc.Tests;

namespace Strata.Rpc.Benchmarks;

/// <summary>A server that is measured: a process that serves the echo on a port.</summary>
internal sealed partial class Peer : IAsyncDisposable
{
    private static readonly string Frame = WriteFrame();

    private readonly Process process;
    private readonly int port;

    private Peer(string name, Process process, int port) => (Name, this.process, this.port) = (name, process, port);

    public string Name { get; }

    /// <summary>A file of the repository.</summary>
    public static string Root(string path) => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../..", path));

    public static async Task<Peer> StartAsync(string name, Func<string, (string Program, string[] Arguments)> command)
    {
        var port = FreePort();
        var (program, arguments) = command(port.ToString(CultureInfo.InvariantCulture));
        var peer = new Peer(name, Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!, port);
        for (var tries = 0; !await peer.AnswersAsync(); tries++)
        {
            if (tries == 200 || peer.process.HasExited) throw new InvalidOperationException($"{name} did not start.");
            await Task.Delay(50);
        }
        return peer;
    }

    /// <summary>
    /// Calls per second, and the processor time of each at the server. Whatever was not answered well ends the benchmark.
    /// </summary>
    public async Task<(double PerSecond, double Microseconds)> LoadAsync(int seconds)
    {
        var before = CpuOf(process);
        string[] arguments = ["-c", "4", "-m", "16", "-t", "1", "-D", $"{seconds}", "-d", Frame, "-H", "content-type: application/grpc",
            "-H", "te: trailers", $"http://127.0.0.1:{port}/strata.test.Echo/Unary"];
        using var load = Process.Start(new ProcessStartInfo("h2load", arguments) { RedirectStandardOutput = true })!;
        var text = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        var (rate, done) = (Rate().Match(text), Done().Match(text));
        if (!rate.Success || !done.Success || Number(done.Groups[2]) > 0) throw new InvalidOperationException($"{Name}: {text}");
        return (Number(rate.Groups[1]), (CpuOf(process) - before).TotalMicroseconds / Number(done.Groups[1]));
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static TimeSpan CpuOf(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);

    private static string WriteFrame()
    {
        var message = new EchoRequest { Text = "Hello from the benchmark", Payload = ByteString.CopyFrom(new byte[64]) }.ToByteArray();
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        var path = Path.Combine(Path.GetTempPath(), "strata-bench-rpc.bin");
        File.WriteAllBytes(path, frame);
        return path;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task<bool> AnswersAsync()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"finished in [^,]+, ([\d.]+) req/s")]
    private static partial Regex Rate();

    [GeneratedRegex(@"(\d+) succeeded, (\d+) failed")]
    private static partial Regex Done();
}
