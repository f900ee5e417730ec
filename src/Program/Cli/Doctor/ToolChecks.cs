using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Strata.Core;

namespace Strata.Cli.Doctor;

/// <summary>What the machine must have.</summary>
internal static class ToolChecks
{
    private const int OutputCharsMax = 4096;

    private const int PostgresVersionMin = 15;

    public static async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken) =>
    [
        Finding.Ok(".NET", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}"),
        await PostgresAsync(cancellationToken),
        await AnyAsync("container runtime", ["runc", "crun"], "Applications will run as plain processes, without isolation.",
            "sudo apt-get install -y runc", cancellationToken),
        await AnyAsync("git", ["git"], "Repositories cannot be deployed, only folders.", "sudo apt-get install -y git", cancellationToken),
        await AnyAsync(
            "iproute2", ["ip"], "Applications cannot have networks of their own.", "sudo apt-get install -y iproute2", cancellationToken),
        Environment.IsPrivilegedProcess
            ? Finding.Ok("rights", "root: applications and builds run in sandboxes of their own")
            : Finding.Warning("rights", "not root: applications and builds run as plain processes, without isolation",
                "Run Strata as root on a machine of its own."),
    ];

    private static async Task<Finding> PostgresAsync(CancellationToken cancellationToken)
    {
        var newest = 0;
        foreach (var program in PostgresPrograms())
            newest = Math.Max(newest, (await FirstLineAsync(program, "--version", cancellationToken)).TryGet(out var line, out _)
                ? MajorVersion(line) : 0);
        const string fix = "sudo apt-get install -y postgresql";
        return newest switch
        {
            0 => Finding.Failure("PostgreSQL", "is not installed", fix),
            < PostgresVersionMin => Finding.Failure("PostgreSQL", $"{newest} is too old; {PostgresVersionMin} or newer is needed", fix),
            _ => Finding.Ok("PostgreSQL", $"version {newest}"),
        };
    }

    private static IEnumerable<string> PostgresPrograms()
    {
        const string debian = "/usr/lib/postgresql";
        var own = Directory.Exists(debian) ? Directory.GetDirectories(debian).Select(v => Path.Combine(v, "bin", "postgres"))
            .Where(File.Exists) : [];
        return ProcessRun.Find("postgres") is { } onPath ? own.Append(onPath) : own;
    }

    private static int MajorVersion(string line) => line.Split(' ')
        .Select(w => int.TryParse(w.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).Max();

    internal static async Task<Finding> AnyAsync(
        string what, string[] programs, string consequence, string fix, CancellationToken cancellationToken)
    {
        var broken = new List<string>();
        foreach (var found in programs.Select(ProcessRun.Find).OfType<string>())
        {
            var version = await FirstLineAsync(found, what == "iproute2" ? "-V" : "--version", cancellationToken);
            if (version.TryGet(out var line, out var error)) return Finding.Ok(what, line);
            broken.Add(error.Message);
        }
        return broken.Count > 0
            ? Finding.Failure(what, $"{string.Join("; ", broken)}. {consequence}",
                $"Install it again: {fix.Replace("install -y", "install -y --reinstall", StringComparison.Ordinal)}")
            : Finding.Warning(what, $"{string.Join(" or ", programs)} is not installed. {consequence}", fix);
    }

    /// <summary>What it says of itself; why it cannot be run otherwise.</summary>
    private static async Task<Result<string>> FirstLineAsync(string program, string argument, CancellationToken cancellationToken)
    {
        if (!File.Exists(program) || new FileInfo(program).ResolveLinkTarget(returnFinalTarget: true) is { Exists: false })
            return Broken($"{program} is a link to {new FileInfo(program).LinkTarget}, which does not exist");
        try
        {
            var end = await ProcessRun.RunAsync(new ProcessStartInfo(program, [argument]), null, OutputCharsMax, cancellationToken);
            return end.Ok ? end.Output.Split('\n')[0].Trim() : Broken($"{program} {argument} fails: {end.Output.Split('\n')[0].Trim()}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return Broken($"{program} cannot be run: {e.Message}");
        }
    }

    private static Error Broken(string message) => new(ErrorKind.Unavailable, "TOOL_BROKEN", message);
}
