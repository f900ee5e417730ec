using System.Diagnostics;

namespace Strata.Server.Tests.Support;

/// <summary>What a build keeps on the machine while it runs, and must not leave behind.</summary>
public static class BuildLeftovers
{
    /// <summary>
    /// Processes whose command line contains a mark, and the files, mounts and loop devices of builds below a data folder; as text, one
    /// each.
    /// </summary>
    public static async Task<IReadOnlyList<string>> FindAsync(Cloud cloud, string mark) =>
    [
        .. Processes(mark),
        .. new[] { "workspaces", "builds" }.Select(f => Path.Combine(cloud.Home, "node", f)).Where(Directory.Exists)
        .SelectMany(f => Directory.EnumerateFileSystemEntries(f)),
        .. File.ReadLines("/proc/mounts").Where(m => m.Contains(Path.Combine(cloud.Home, "node", "workspaces"), StringComparison.Ordinal)),
        // an instance's disk is one too
        .. (await LoopsAsync()).Where(l => l.Contains(Path.Combine(cloud.Home, "node", "workspaces"), StringComparison.Ordinal)),
    ];

    /// <summary>Fails with what is left, where it does not go by itself.</summary>
    public static async Task GoneAsync(Cloud cloud, string mark)
    {
        IReadOnlyList<string> left = [];
        try
        {
            await Wait.UntilAsync(async () => (left = await FindAsync(cloud, mark)).Count == 0, "nothing of the build is left", 60);
        }
        catch (Xunit.Sdk.FailException)
        {
            Assert.Fail("Left of the build:\n" + string.Join('\n', left));
        }
    }

    public static IEnumerable<string> Processes(string mark) =>
        Directory.EnumerateDirectories("/proc").Select(CommandLine).Where(c => c.Contains(mark, StringComparison.Ordinal));

    private static string CommandLine(string process)
    {
        try
        {
            return int.TryParse(Path.GetFileName(process), out var pid)
                ? $"{pid}: {File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ')}" : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it has just ended
        }
    }

    private static async Task<string[]> LoopsAsync()
    {
        using var losetup = Process.Start(new ProcessStartInfo("losetup", ["-a"]) { RedirectStandardOutput = true })!;
        var output = await losetup.StandardOutput.ReadToEndAsync();
        await losetup.WaitForExitAsync();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
