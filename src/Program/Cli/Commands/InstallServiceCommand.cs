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

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "install-service", "Start the cloud at boot, by a systemd unit; takes the flags of strata up") { Print, UnitName };
        foreach (var flag in Flags.All) command.Add(flag);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        Flags.Read(run); // a flag that cannot be right is reported now, not at the next boot
        var name = run.Parse.GetRequiredValue(UnitName);
        if (!ResourceName.IsValid(name))
            throw UsageErrors.Of($"\"{name}\" is not a name of a unit.", "Use a-z, 0-9 and \"-\", for example --name strata-2")
                .ToException();
        var installer = ServiceInstaller.ForThisUser();
        var unit = new ServiceUnit
        {
            Program = StablePath(Environment.ProcessPath!),
            Home = run.Home,
            Arguments = [.. Flags.ToArguments(run)],
            Variables = [.. Kept.Select(v => (v, Environment.GetEnvironmentVariable(v) ?? "")).Where(v => v.Item2.Length > 0)],
            IsSystem = installer.IsSystem,
        };
        if (run.Parse.GetValue(Print))
        {
            run.Terminal.Out.Write(unit.Text);
            return CommandRunner.Done;
        }
        run.Terminal.Out.WriteLine(await installer.InstallAsync(name, unit, cancellationToken));
        SayNext(run, installer, name);
        return CommandRunner.Done;
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
