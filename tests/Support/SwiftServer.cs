using System.Diagnostics;
using System.Globalization;

namespace Strata.TestSupport;

/// <summary>
/// OpenStack Swift with its S3 API, as Debian packages it, on a loopback port: tests/swift/serve.py. Ends with this process at the latest.
/// </summary>
internal sealed class SwiftServer : IAsyncDisposable
{
    public const string Bucket = "blobs";
    public const string AccessKey = "test:tester";
    public const string SecretKey = "testing";

    private readonly string folder = Directory.CreateTempSubdirectory("strata-swift-").FullName;
    private Process? process;

    public int Port { get; private set; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    public static async Task<SwiftServer> StartAsync()
    {
        var server = new SwiftServer();
        await server.UpAsync();
        return server;
    }

    /// <summary>Also again after <see cref="DownAsync"/>, with the same port and what was kept.</summary>
    public async Task UpAsync()
    {
        var start = new ProcessStartInfo(
            "/usr/bin/python3", [Path.Combine(Script.Root, "tests/swift/serve.py"), folder, Port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        Port = int.TryParse(line, out var port) ? port
            : throw new InvalidOperationException("Swift did not start. Install it as scripts/test-clients.sh does.");
    }

    public async Task DownAsync()
    {
        if (process is null) return;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        Folder.Delete(folder);
    }
}
