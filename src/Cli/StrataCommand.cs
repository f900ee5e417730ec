using System.CommandLine;
using Strata.Cli.Commands;
using Strata.Cli.Shell;

namespace Strata.Cli;

/// <summary>The command line as a whole: the list of commands, and what happens to one that cannot be understood.</summary>
internal static class StrataCommand
{
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        var parse = Create(terminal).Parse(arguments is [] ? ["--help"] : arguments);
        if (parse.Errors.Count > 0 && parse.Action is not System.CommandLine.Help.HelpAction) return WrongUsage(terminal, parse);
        var invocation = new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await parse.InvokeAsync(invocation, cancellationToken);
    }

    private static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand("Strata: your own cloud in one program.");
        foreach (var option in GlobalOptions.All) root.Add(option);
        foreach (var command in Commands(terminal)) root.Add(command);
        return root;
    }

    private static Command[] Commands(Terminal terminal) =>
    [
        DeployCommand.Create(terminal),
        GetCommand.Create(terminal),
        DescribeCommand.Create(terminal),
        HistoryCommand.Create(terminal),
        LogsCommand.Create(terminal),
        ScaleCommand.Create(terminal),
        RollbackCommand.Create(terminal),
        RestartCommand.Create(terminal),
        DeleteCommand.Create(terminal),
        OpenCommand.Create(terminal),
        ApiCommand.Create(terminal),
        CompletionCommand.Create(terminal),
        VersionCommand.Create(terminal),
    ];

    private static int WrongUsage(Terminal terminal, ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        var path = command is RootCommand ? "strata" : "strata " + command.Name;
        // The word that is not a command says more than that a command is missing.
        var unknown = parse.UnmatchedTokens.Count > 0 && command is RootCommand;
        var message = unknown ? $"There is no command \"{parse.UnmatchedTokens[0]}\"." : string.Join(" ", parse.Errors.Select(e => e.Message).Distinct());
        ErrorText.Write(terminal, UsageErrors.Of(message, path + " --help"));
        return CommandRunner.WrongUsage;
    }
}
