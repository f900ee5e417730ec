using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Strata.Server.Tests.Support;

/// <summary>One bash that runs blocks of commands one after the other, in an empty folder, with the program on its path.</summary>
public static class GuideShell
{
    private const string Mark = "@@@ end of block ";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>What each block printed, errors included, and its last command's exit code.</summary>
    public static async Task<IReadOnlyList<(string Output, int ExitCode)>> RunAsync(Cloud cloud, IEnumerable<GuideBlock> blocks)
    {
        var folder = Directory.CreateTempSubdirectory("strata-guide-").FullName;
        try
        {
            File.CreateSymbolicLink(Path.Combine(folder, "strata"), Cloud.Program);
            var script = string.Concat(blocks.Select(b => $"{b.Commands}printf '\\n{Mark}%s\\n' $?\n"));
            await File.WriteAllTextAsync(Path.Combine(folder, "guide.sh"), "exec 2>&1\n" + script);
            return Split(await RunAsync(cloud, folder));
        }
        finally
        {
            Folder.Delete(folder);
        }
    }

    private static async Task<string> RunAsync(Cloud cloud, string folder)
    {
        var start = new ProcessStartInfo("bash", "guide.sh") { WorkingDirectory = folder, RedirectStandardOutput = true,
            RedirectStandardInput = true };
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["STRATA_HOME"] = cloud.Home;
        start.Environment["API"] = cloud.ApiUrl + "api";
        start.Environment["NO_COLOR"] = "1";
        start.Environment["COLUMNS"] = "10000"; // the pages show sentences in one line
        foreach (var name in new[] { "STRATA_URL", "STRATA_TOKEN" }) start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var timer = new CancellationTokenSource(Patience);
        try
        {
            return await process.StandardOutput.ReadToEndAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException("The guide's commands did not end.");
        }
    }

    private static List<(string Output, int ExitCode)> Split(string output)
    {
        var blocks = new List<(string, int)>();
        var current = new StringBuilder();
        foreach (var line in output.Split('\n'))
        {
            if (!line.StartsWith(Mark, StringComparison.Ordinal))
            {
                current.Append(line).Append('\n');
                continue;
            }
            blocks.Add((current.ToString().Trim(), int.Parse(line[Mark.Length..], CultureInfo.InvariantCulture)));
            current.Clear();
        }
        return blocks;
    }
}
