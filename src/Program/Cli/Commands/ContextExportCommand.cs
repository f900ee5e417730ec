using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary><c>strata context export</c>: the variables with which other programs use the cloud that commands use.</summary>
internal static class ContextExportCommand
{
    public static Command Create(Terminal terminal) =>
        new Command("export", "Print STRATA_URL and STRATA_TOKEN for your shell: eval \"$(strata context export)\"").Does(terminal, RunAsync);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.Context.Token is null) run.Say($"No token is known for {run.Context.Server}. Sign in: {TokenAdvice.LoginOf(run.Context)}");
        // Empty counts as not set everywhere: a token of another server must not stay in the shell.
        var (url, token) = (run.Context.Server, run.Context.Token ?? "");
        if (run.WriteMachine(new Dictionary<string, string> { ["STRATA_URL"] = url, ["STRATA_TOKEN"] = token }))
            return Task.FromResult(CommandRunner.Done);
        run.Terminal.Out.WriteLine($"export STRATA_URL={ShellWord.Of(url)}");
        run.Terminal.Out.WriteLine($"export STRATA_TOKEN={ShellWord.Of(token)}");
        if (run.Terminal.OutIsTerminal) run.Say("Set them in this shell with: eval \"$(strata context export)\"");
        return Task.FromResult(CommandRunner.Done);
    }
}
