using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Strata.Benchmarks;
using Strata.Server;
using Strata.Server.Options;
using Strata.Storage.PrivateServer;

namespace Strata.Scale.Benchmarks;

/// <summary>A server in a process of its own. It is ready when its controllers work and their view has listed everything.</summary>
internal sealed class ServedCloud : IAsyncDisposable
{
    private const string Ready = "ready";
    private readonly Process process;
    private readonly Cpu database;

    private ServedCloud(Process process, Cpu database, double startSeconds)
    {
        (this.process, this.database, StartSeconds) = (process, database, startSeconds);
    }

    /// <summary>From the process's start on.</summary>
    public double StartSeconds { get; }

    public long MemoryBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    public static async Task<ServedCloud> StartAsync(PrivatePostgres postgres, string home)
    {
        var since = Stopwatch.GetTimestamp();
        string[] arguments = [Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal)
            ? typeof(ServedCloud).Assembly.Location : "", "--serve", postgres.ConnectionString, home];
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments.Where(a => a.Length > 0)) { RedirectStandardInput = true,
            RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == Ready) return new ServedCloud(process, new Cpu(postgres.ProcessId), Stopwatch.GetElapsedTime(since).TotalSeconds);
        }
        throw new InvalidOperationException("The server did not start.");
    }

    /// <summary>Until its standard input ends.</summary>
    public static async Task ServeAsync(string database, string home)
    {
        var options = new ServerOptions
        {
            PostgresUrl = database, Home = new HomeLayout(home), Listen = IPAddress.Loopback, ApiPort = FreePort(), HttpPort = FreePort(),
            EdgeMode = EdgeMode.Off, Agent = false,
        };
        options.Home.Create();
        await using var server = await StrataServer.StartAsync(options, null, Console.Error, TimeProvider.System, CancellationToken.None);
        while (!IsReady(server)) await Task.Delay(20);
        Console.WriteLine(Ready);
        await Console.In.ReadToEndAsync();
        await server.StopAsync(keepWork: false);
    }

    /// <summary>Cores that the server and PostgreSQL use while nobody asks for anything.</summary>
    public async Task<(double Server, double Database)> IdleAsync(TimeSpan duration)
    {
        var (server, stored, since) = (ProcessorTime(), database.Used().Database, Stopwatch.GetTimestamp());
        await Task.Delay(duration);
        var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        return ((ProcessorTime() - server) / seconds, (database.Used().Database - stored) / seconds);
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static bool IsReady(StrataServer server) =>
        server.Status().Parts.First(p => p.Name == "controllers").Message is var message
            && message.Contains("their view holds", StringComparison.Ordinal) && !message.StartsWith("0 ", StringComparison.Ordinal);

    private double ProcessorTime()
    {
        process.Refresh();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
