using Strata.Runtimes.Network;

namespace Strata.Runtimes.Oci;

/// <summary>Checks whether a tool works on this machine in the only reliable way: a run with everything that an instance has.</summary>
internal static class OciProbe
{
    private const int Answer = 7;
    private const string Id = "probe";

    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    /// <returns>Null when it works; else what went wrong.</returns>
    public static async Task<string?> TryAsync(OciHost host, NodePaths paths, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(paths.State, "probe");
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(Path.Combine(folder, "app"));
        var log = Path.Combine(folder, "log");
        try
        {
            var runs = new RunTable(folder, MemoryFiles.None, time);
            var run = Start(host, runs, folder, log, time);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(TimeMax);
            var exit = await run.WaitAsync(deadline.Token);
            return exit.Code == Answer ? null : exit.StartError ?? LogFile.LastLine(log) ?? $"exit code {exit.Code}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"it did not end within {TimeMax.TotalSeconds} s";
        }
        finally
        {
            await host.Tool.DeleteAsync(Id, CancellationToken.None);
        }
    }

    private static RunFolder Start(OciHost host, RunTable runs, string folder, string log, TimeProvider time)
    {
        var path = runs.Create(Id).Value;
        var bundle = OciRuntime.Bundle(host, Request(folder, log), path, AddressPool.Trial);
        var run = runs.Add(path, new RunFile(Id, "", 0, time.GetUtcNow(), AddressPool.Trial, ""));
        run.Start(host.Prepare(run, bundle, AddressPool.Trial, log, diskBytes: 16 << 20));
        return run;
    }

    private static RunRequest Request(string folder, string log) => new()
    {
        Id = Id,
        Command = ["/bin/sh", "-c", $"touch /app/written && exit {Answer}"],
        Env = new Dictionary<string, string>(),
        AppFolder = Path.Combine(folder, "app"),
        LogFile = log,
        Port = 8080,
        MemoryBytes = 64 << 20,
    };
}
