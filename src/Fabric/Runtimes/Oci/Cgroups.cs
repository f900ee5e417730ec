using System.Globalization;

namespace Strata.Runtimes.Oci;

/// <summary>
/// Where the kernel keeps a run's limits and counters: cgroup v2 where the machine has it, else v1 with one tree per controller.
/// </summary>
internal static class Cgroups
{
    private const string Mount = "/sys/fs/cgroup";

    public static bool IsV2 { get; } = File.Exists($"{Mount}/cgroup.controllers");

    /// <summary>v1 with v2 beside it, as systemd's hybrid mode has it.</summary>
    public static bool IsHybrid { get; } = !IsV2 && Directory.Exists($"{Mount}/unified");

    /// <summary>Whether swap can be limited; asking for it where it cannot makes a start fail.</summary>
    public static bool CountsSwap { get; } = IsV2 || File.Exists($"{Mount}/memory/memory.memsw.limit_in_bytes");

    /// <summary>The path for a run, as in a bundle's <c>cgroupsPath</c>.</summary>
    public static string Path(string cloudId, string id) => $"/strata/{cloudId}/{id}";

    /// <summary>The file with a line <c>oom_kill N</c>.</summary>
    public static string OomFile(string path) => IsV2 ? $"{Mount}{path}/memory.events" : $"{Mount}/memory{path}/memory.oom_control";

    public static RunStats? Stats(string path)
    {
        try
        {
            return IsV2
                ? new RunStats(Number($"{Mount}{path}/memory.current"), V2CpuTime($"{Mount}{path}/cpu.stat"),
                    (int)Number($"{Mount}{path}/pids.current"))
                : new RunStats(Number($"{Mount}/memory{path}/memory.usage_in_bytes"), V1CpuTime(path),
                    (int)Number($"{Mount}/pids{path}/pids.current"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The processes of a run, by their numbers on the machine; empty when there are none.</summary>
    public static IReadOnlyList<int> Processes(string path)
    {
        try
        {
            var file = IsV2 ? $"{Mount}{path}/cgroup.procs" : $"{Mount}/pids{path}/cgroup.procs";
            return [.. File.ReadLines(file).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Where(pid => pid > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Removes the cloud's own, now empty, groups.</summary>
    public static void RemoveCloud(string cloudId)
    {
        var roots = IsV2 ? [Mount] : Directory.GetDirectories(Mount);
        foreach (var root in roots)
        {
            TryRemove($"{root}/strata/{cloudId}");
            TryRemove($"{root}/strata");
        }
    }

    private static void TryRemove(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Another cloud's groups are in it.
        }
    }

    private static TimeSpan V1CpuTime(string path) => TimeSpan.FromMicroseconds(Number($"{Mount}/cpuacct{path}/cpuacct.usage") / 1000);

    private static TimeSpan V2CpuTime(string file)
    {
        var line = File.ReadLines(file).First(l => l.StartsWith("usage_usec ", StringComparison.Ordinal));
        return TimeSpan.FromMicroseconds(long.Parse(line.AsSpan("usage_usec ".Length), CultureInfo.InvariantCulture));
    }

    private static long Number(string file) => long.Parse(File.ReadAllText(file).AsSpan().Trim(), CultureInfo.InvariantCulture);
}
