using System.Net;
using System.Net.Sockets;
using Strata.Cli.Shell;
using Strata.S3Blobs;
using Strata.Server;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Doctor;

/// <summary>Room, rights and ports on this machine.</summary>
internal static class MachineChecks
{
    private const long DiskBytesMin = 1L << 30;

    /// <param name="options">Null where the settings are faulty: then the ports are not known.</param>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        HomeLayout home, ServerOptions? options, bool running, CancellationToken cancellationToken) =>
    [
        DataFolder(home),
        Disk(home),
        .. running || options is null ? (IReadOnlyList<Finding>)[] : Ports(options),
        .. running || options?.BlobBucket is null ? (IReadOnlyList<Finding>)[] : [await BucketAsync(options.BlobBucket, cancellationToken)],
        await NamesAsync(cancellationToken),
    ];

    /// <summary>An edge of its own process runs on while the server is down, and has its port by right.</summary>
    private static IReadOnlyList<Finding> Ports(ServerOptions options) =>
    [
        Port(options, options.ApiPort, "API", Setting.ApiPort),
        .. options.EdgeMode == EdgeMode.Off ? (IReadOnlyList<Finding>)[]
            : LeftoverProcesses.EdgeRuns(options.Home) ? [Finding.Ok($"port {options.HttpPort}", "the edge of this cloud runs on")]
            : [Port(options, options.HttpPort, "edge", Setting.HttpPort),
                .. options.HttpsPort == 0 ? (IReadOnlyList<Finding>)[]
                    : [Port(options, options.HttpsPort, "edge's HTTPS", Setting.HttpsPort)]],
        .. options.Telemetry is { IsOn: true, Metrics: { } metrics }
        ? [Port(options, metrics.Port, "metrics", TelemetrySetting.MetricsListen)] : (IReadOnlyList<Finding>)[],
    ];

    /// <summary>Of a cloud that runs the part's health says it.</summary>
    private static async Task<Finding> BucketAsync(S3Options bucket, CancellationToken cancellationToken)
    {
        if (bucket is { AccessKey: not null, SecretKey: null })
        {
            return Finding.Warning(
                "blobs", $"{bucket} was not checked: its secret key is not known to this shell",
                $"Run strata doctor with {Setting.BlobsSecretKey.Variable} set, or start with --{Setting.BlobsSecretKeyFile.Name}.");
        }
        return (await S3Store.CheckAsync(bucket, TimeProvider.System, cancellationToken)).Error is { } error
            ? Finding.Failure("blobs", error.Message, error.NextStep!)
            : Finding.Ok("blobs", $"{bucket} responds");
    }

    private static Finding DataFolder(HomeLayout home)
    {
        var folder = home.Root;
        while (!Directory.Exists(folder)) folder = Path.GetDirectoryName(folder)!;
        try
        {
            var probe = Path.Combine(folder, $".strata-doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return Finding.Ok("data folder", home.Root);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return Finding.Failure("data folder", $"{home.Root} cannot be written: {e.Message}",
                "Give this user the right to write there, or set STRATA_HOME to another folder.");
        }
    }

    private static Finding Disk(HomeLayout home)
    {
        var folder = home.Root;
        while (!Directory.Exists(folder)) folder = Path.GetDirectoryName(folder)!;
        var free = new DriveInfo(folder).AvailableFreeSpace;
        return free >= DiskBytesMin
            ? Finding.Ok("disk", $"{ByteCount.Short(free)} free")
            : Finding.Warning("disk", $"only {ByteCount.Short(free)} are free", "Make room: builds and the database need some.");
    }

    private static Finding Port(ServerOptions options, int port, string what, Setting setting) =>
        PortCheck.Check(options, setting) is { } error
            ? Finding.Failure($"port {port}", error.Message, error.NextStep!)
            : Finding.Ok($"port {port}", $"free for the {what}");

    /// <summary>Browsers and curl know that *.localhost is this machine; other programs ask the system, which may not.</summary>
    private static async Task<Finding> NamesAsync(CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync("welcome.localhost", AddressFamily.InterNetwork, cancellationToken);
            if (addresses.Any(IPAddress.IsLoopback)) return Finding.Ok("names", "*.localhost is this machine");
        }
        catch (SocketException)
        {
            // Reported below.
        }
        return Finding.Warning(
            "names", "the system does not resolve *.localhost; browsers and curl do so themselves",
            "For other programs: sudo apt-get install -y libnss-myhostname, or send the Host header to 127.0.0.1.");
    }
}
