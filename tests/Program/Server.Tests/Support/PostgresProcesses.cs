using System.Diagnostics;

namespace Strata.Server.Tests.Support;

/// <summary>The processes of a cloud's private PostgreSQL, for tests that kill or stop them.</summary>
public static class PostgresProcesses
{
    public static int Postmaster(Cloud cloud) =>
        int.Parse(File.ReadLines(Path.Combine(cloud.Home, "postgres", "data", "postmaster.pid")).First());

    public static IReadOnlyList<int> Of(Cloud cloud)
    {
        var data = Path.Combine(cloud.Home, "postgres", "data");
        return [.. Directory.EnumerateDirectories("/proc").Select(p => int.TryParse(Path.GetFileName(p), out var pid) ? pid : 0)
            .Where(pid => pid > 0 && WorksIn(pid) == data)];
    }

    public static void Signal(int pid, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        kill.WaitForExit();
    }

    private static string? WorksIn(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/cwd").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
