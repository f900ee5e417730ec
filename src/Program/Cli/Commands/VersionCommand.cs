using System.CommandLine;
using System.Runtime.InteropServices;
using Strata.Cli.Shell;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary><c>strata version</c>.</summary>
internal static class VersionCommand
{
    private sealed record VersionInfo(string Version, string Runtime, string System);

    public static Command Create(Terminal terminal) => new Command("version", "Show the version").Does(terminal, (run, _) =>
    {
        var info = new VersionInfo(ProgramVersion.Text, RuntimeInformation.FrameworkDescription, RuntimeInformation.RuntimeIdentifier);
        if (!run.WriteMachine(info))
            run.Terminal.Out.WriteLine(run.Quiet ? info.Version : $"strata {info.Version} ({info.Runtime}, {info.System})");
        return Task.FromResult(CommandRunner.Done);
    });
}
