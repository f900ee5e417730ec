using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary><c>strata install-service</c>: systemd starts the cloud of this data folder at boot.</summary>
internal static class InstallServiceCommand
{
    private static readonly ServerFlags Flags = new();
    private static readonly Option<bool> Print = new("--print") { Description = "Print the unit and change nothing" };

    private static readonly Option<string> UnitName = new("--name")
    {
        Description = "Name of the unit, for a second cloud on this machine [strata]", DefaultValueFactory = _ => "strata",
        HelpName = "NAME",
    };

    /// <summary>What the server and its tools need and systemd does not set.</summary>
    private static readonly string[] Kept = ["PATH", "HOME", "DOTNET_ROOT", "DOTNET_TieredPGO"];

    private const string SystemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "install-service", "Start the cloud at boot, by a systemd unit; takes the flags of strata up") { Print, UnitName };
        foreach (var flag in Flags.All) command.Add(flag);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        CheckSources(Flags.Read(run).Settings); // what cannot be right is reported now, not at the next boot
        var name = run.Parse.GetRequiredValue(UnitName);
        if (!ResourceName.IsValid(name))
            throw UsageErrors.Of($"\"{name}\" is not a name of a unit.", "Use a-z, 0-9 and \"-\", for example --name strata-2")
                .ToException();
        var installer = ServiceInstaller.ForThisUser();
        var unit = new ServiceUnit
        {
            Executable = StablePath(Environment.ProcessPath!),
            Home = run.Home,
            Arguments = [.. Flags.ToArguments(run)],
            Variables = [.. Kept.Select(v => (v, ValueOf(v, installer.IsSystem))).Where(v => v.Item2.Length > 0)],
            IsSystem = installer.IsSystem,
        };
        var texts = unit.Arguments.Concat(unit.Variables.Select(v => v.Value)).Append(unit.Home).Append(unit.Executable);
        if (texts.Any(t => t.Any(char.IsControl)))
            throw UsageErrors.Of("A path or flag has a line break or another control character, which would become a line of the unit.",
                "Use a data folder and flags without them").ToException();
        if (run.Parse.GetValue(Print))
        {
            run.Terminal.Out.Write(unit.Text);
            return CommandRunner.Done;
        }
        run.Terminal.Out.WriteLine(await installer.InstallAsync(name, unit, cancellationToken));
        SayNext(run, installer, name);
        return CommandRunner.Done;
    }

    /// <summary>Root's tools are not looked for in a folder that only this shell knows: a user may be able to write there.</summary>
    private static string ValueOf(string variable, bool isSystem) =>
        isSystem && variable == "PATH" ? SystemPath : Environment.GetEnvironmentVariable(variable) ?? "";

    /// <summary>A unit can be read by every user, and systemd does not know the variables of this shell.</summary>
    private static void CheckSources(IReadOnlyList<SettingValue> settings)
    {
        foreach (var setting in settings.Where(s => s.IsFromFlag && s.IsSecret || s.IsFromEnvironment))
        {
            var (name, file) = (setting.Setting.Name, ServerOptionsReader.FileName);
            throw UsageErrors.Of(
                setting.IsFromEnvironment ? $"{name} is set in the environment of this shell, which systemd does not have."
                    : $"{name} may hold a password, and other users can read a unit and the arguments of a process.",
                setting.IsSecret ? $"Write it into {file} in the data folder, and unset or omit it here"
                    : $"Give it as {setting.Setting.Flag}, or write it into {file} in the data folder, and unset {setting.Setting.Variable}")
                .ToException();
        }
    }

    private static void SayNext(Run run, ServiceInstaller installer, string name)
    {
        run.Say(installer.IsSystem ? "The cloud starts at the next boot."
            : "The cloud starts when you log in; at boot after: loginctl enable-linger");
        run.Say(HomeLock.IsHeld(new HomeLayout(run.Home))
            ? $"It runs already, without systemd. To hand it over: strata down && {installer.ControlCommand("start", name)}"
            : $"Start it now with: {installer.ControlCommand("start", name)}");
        run.Say($"Stop it with: {installer.ControlCommand("stop", name)}. Read its log with: journalctl {(installer.IsSystem ? "-u" : "--user-unit")} {name}");
    }

    /// <summary>In a checkout the link to the newest build: the folder of this one is deleted after a later build.</summary>
    internal static string StablePath(string program)
    {
        var folder = Path.GetDirectoryName(program)!;
        var current = Path.Combine(Path.GetDirectoryName(folder) ?? "/", "current");
        var isLink = Directory.Exists(current) && new DirectoryInfo(current).ResolveLinkTarget(returnFinalTarget: true)?.FullName == folder;
        return isLink ? Path.Combine(current, Path.GetFileName(program)) : program;
    }
}
