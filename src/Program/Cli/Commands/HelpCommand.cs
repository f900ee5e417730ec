using System.CommandLine;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata help [COMMAND]</c>: the same as <c>strata [COMMAND] --help</c>.</summary>
internal static class HelpCommand
{
    private static readonly Argument<string[]> Words =
        new("command") { Description = "Command such as deploy or entity create [all commands]", Arity = ArgumentArity.ZeroOrMore };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("help", "Show help for a command") { Words };
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var command = run.Parse.RootCommandResult.Command;
        foreach (var word in run.Parse.GetValue(Words) ?? [])
        {
            command = command.Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word))
                ?? throw UsageErrors.Of($"There is no command \"{string.Join(' ', run.Parse.GetValue(Words)!)}\".", "strata --help")
                .ToException();
        }
        return await StrataCommand.RunAsync([.. run.Parse.GetValue(Words) ?? [], "--help"], run.Terminal, cancellationToken);
    }
}
