using System.ComponentModel;
using System.Diagnostics;
using Strata.Core;

namespace Strata.Cli.Cloud;

/// <summary>Puts a unit where systemd finds it, and enables it for the next boot. Does not start it.</summary>
/// <param name="RunningMark">A folder that is there where systemd runs; see sd_booted(3).</param>
internal sealed record ServiceInstaller(
    string UnitFolder, bool IsSystem, string RunningMark = "/run/systemd/system", string Systemctl = "systemctl")
{
    private const string Suffix = ".service";
    private const int OutputCharsMax = 4096;

    /// <summary>For root the machine's units, for everyone else those of their own systemd.</summary>
    public static ServiceInstaller ForThisUser() => Environment.IsPrivilegedProcess
        ? new ServiceInstaller("/etc/systemd/system", IsSystem: true)
        : new ServiceInstaller(Path.Combine(ConfigurationFolder(), "systemd", "user"), IsSystem: false);

    /// <returns>The file.</returns>
    /// <exception cref="StrataException">NO_SYSTEMD, SERVICE_EXISTS, SERVICE_NOT_WRITTEN or SERVICE_NOT_ENABLED.</exception>
    public async Task<string> InstallAsync(string name, ServiceUnit unit, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(RunningMark)) throw NoSystemd().ToException();
        var file = Path.Combine(UnitFolder, name + Suffix);
        if (File.Exists(file) && File.ReadLines(file).FirstOrDefault() != unit.Mark) throw Exists(file, name).ToException();
        try
        {
            Directory.CreateDirectory(UnitFolder);
            AtomicFile.Write(file, unit.Text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Error(ErrorKind.Unavailable, "SERVICE_NOT_WRITTEN", $"{file} could not be written: {e.Message}",
                "Print the unit with --print and save it where systemd finds it.").ToException();
        }
        await ControlAsync(["daemon-reload"], file, cancellationToken);
        await ControlAsync(["enable", name + Suffix], file, cancellationToken);
        return file;
    }

    /// <summary>The command that a person would enter.</summary>
    public string ControlCommand(string verb, string name) => $"systemctl {(IsSystem ? "" : "--user ")}{verb} {name}";

    private async Task ControlAsync(IReadOnlyList<string> arguments, string file, CancellationToken cancellationToken)
    {
        string[] all = [.. IsSystem ? [] : new[] { "--user" }, .. arguments];
        var line = $"systemctl {string.Join(' ', all)}";
        try
        {
            var end = await ProcessRun.RunAsync(new ProcessStartInfo(Systemctl, all), null, OutputCharsMax, cancellationToken);
            if (end.ExitCode != 0) throw NotEnabled(file, line, end.Error.Trim()).ToException();
        }
        catch (Win32Exception e)
        {
            throw NotEnabled(file, line, e.Message).ToException();
        }
    }

    private static string ConfigurationFolder() => Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } folder
        ? folder : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");

    private static Error NoSystemd() => new(
        ErrorKind.Unavailable, "NO_SYSTEMD", "systemd does not run on this machine.",
        "Let the machine's own init system run \"strata up\", or start it in the background with \"strata up -d\"; \"strata install-service --print\" prints the unit.");

    private static Error Exists(string file, string name) => new(
        ErrorKind.Conflict, "SERVICE_EXISTS", $"{file} is there already and was not written for this data folder.",
        $"Choose another name with --name {name}-2, or delete the file.");

    private static Error NotEnabled(string file, string command, string why) => new(
        ErrorKind.Unavailable, "SERVICE_NOT_ENABLED", $"{file} is written, but \"{command}\" failed: {why}",
        $"Fix the cause, then run: {command}");
}
