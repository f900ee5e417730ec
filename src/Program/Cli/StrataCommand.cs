using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Strata.Cli.Commands;
using Strata.Cli.Commands.Entities;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli;

/// <summary>The command line as a whole: the list of commands, and the answer to one that cannot be parsed.</summary>
internal static class StrataCommand
{
    // A word that begins with @ is ours (--data @FILE, --sort @state), not the name of a file with more arguments.
    internal static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        var parse = Parse(arguments, terminal);
        if (parse.Action is not (HelpWithExamples or ShellSuggestions))
        {
            // First: the library takes it for an argument, and complains of what follows it.
            if (UnknownOption(parse) is { } option)
                return WrongUsage(terminal, parse, $"There is no option \"{option}\".", NearestWord.To(option, OptionsOf(parse)));
            if (parse.Errors.Count > 0) return WrongUsage(terminal, parse, Fault(parse), NearestCommand(parse));
        }
        var invocation = new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null };
        return await parse.InvokeAsync(invocation, cancellationToken);
    }

    internal static ParseResult Parse(string[] arguments, Terminal terminal) =>
        Create(terminal).Parse(arguments is [] ? ["--help"] : SortOption.Join(arguments), Parsing);

    internal static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand("Strata: your own cloud in one program.");
        foreach (var option in GlobalOptions.All) root.Add(option);
        foreach (var command in Commands(terminal)) root.Add(command);
        root.Options.OfType<VersionOption>().Single().Action = new ShowVersion(terminal);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Description = "Show help";
        help.Action = new HelpWithExamples((HelpAction)help.Action!, terminal);
        root.Directives.OfType<SuggestDirective>().Single().Action = new ShellSuggestions(root, Parsing, terminal);
        return root;
    }

    private static Command[] Commands(Terminal terminal) =>
    [
        UpCommand.Create(terminal),
        DownCommand.Create(terminal),
        StatusCommand.Create(terminal),
        DoctorCommand.Create(terminal),
        InstallServiceCommand.Create(terminal),
        DeployCommand.Create(terminal),
        CancelCommand.Create(terminal),
        GetCommand.Create(terminal),
        DescribeCommand.Create(terminal),
        HistoryCommand.Create(terminal),
        LogsCommand.Create(terminal),
        ScaleCommand.Create(terminal),
        RollbackCommand.Create(terminal),
        RestartCommand.Create(terminal),
        DeleteCommand.Create(terminal),
        OpenCommand.Create(terminal),
        NewCommand.Create(terminal),
        DevCommand.Create(terminal),
        TunnelCommand.Create(terminal),
        ModelCommand.Create(terminal),
        WorkflowCommand.Create(terminal),
        EntityCommand.Create(terminal),
        SearchCommand.Create(terminal),
        ComputeCommand.Create(terminal),
        LoginCommand.Create(terminal),
        LogoutCommand.Create(terminal),
        WhoamiCommand.Create(terminal),
        ContextCommand.Create(terminal),
        InviteCommand.Create(terminal),
        MembersCommand.Create(terminal),
        TeamsCommand.Create(terminal),
        SessionsCommand.Create(terminal),
        PeopleCommand.Create(terminal),
        OrgsCommand.Create(terminal),
        ProjectsCommand.Create(terminal),
        EnvironmentsCommand.Create(terminal),
        TokenCommand.Create(terminal),
        RoleCommand.Create(terminal),
        AccessCommand.Create(terminal),
        SecretsCommand.Create(terminal),
        EncryptionCommand.Create(terminal),
        EnvCommand.Create(terminal),
        DomainsCommand.Create(terminal),
        CertsCommand.Create(terminal),
        IssuersCommand.Create(terminal),
        CaCommand.Create(terminal),
        ClientCommand.Create(terminal),
        KeysCommand.Create(terminal),
        ApiCommand.Create(terminal),
        EdgeCommand.Create(terminal),
        CompletionCommand.Create(terminal),
        VersionCommand.Create(terminal),
        HelpCommand.Create(terminal),
    ];

    /// <summary>The library takes an option that it does not know for an argument, or for a word too many.</summary>
    private static string? UnknownOption(ParseResult parse)
    {
        // A word that is no command comes first: what follows it may be the options of the one that was meant.
        if (parse.CommandResult.Command.Subcommands.Count > 0 && parse.UnmatchedTokens is [var word, ..] && !IsOption(word)) return null;
        return parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)
            .Concat(parse.UnmatchedTokens).FirstOrDefault(IsOption);
    }

    /// <summary>Not a number below zero.</summary>
    private static bool IsOption(string word) => word is ['-', not (>= '0' and <= '9'), ..];

    private static IEnumerable<string> OptionsOf(ParseResult parse)
    {
        var options = parse.CommandResult.Command.Options.Concat(parse.RootCommandResult.Command.Options.Where(o => o.Recursive));
        return options.Where(o => !o.Hidden).SelectMany(o => o.Aliases.Append(o.Name))
            .Where(o => o.StartsWith("--", StringComparison.Ordinal));
    }

    private static string? NearestCommand(ParseResult parse) => parse.UnmatchedTokens is not [var word, ..] ? null
        : NearestWord.To(word, parse.CommandResult.Command.Subcommands.SelectMany(c => c.Aliases.Prepend(c.Name)));

    private static string Fault(ParseResult parse)
    {
        // The word that is not a command says more than that a command is missing.
        var unknown = parse.UnmatchedTokens.Count > 0 && parse.CommandResult.Command.Subcommands.Count > 0;
        if (!unknown) return string.Join(" ", parse.Errors.Select(UsageText.Of).Distinct());
        return $"There is no command \"{(parse.CommandResult.Command is RootCommand ? "" : parse.CommandResult.Command.Name + " ")}{parse.UnmatchedTokens[0]}\".";
    }

    /// <param name="meant">The subcommand or option that was probably meant.</param>
    private static int WrongUsage(Terminal terminal, ParseResult parse, string message, string? meant)
    {
        var name = NameOf(parse.CommandResult);
        var next = meant is null ? name + " --help" : $"Did you mean \"{name} {meant}\"? \"{name} --help\" lists all.";
        ErrorText.Write(terminal, UsageErrors.Of(message, next));
        return CommandRunner.WrongUsage;
    }

    private static string NameOf(CommandResult result) => result.Command is RootCommand
        ? "strata" : $"{NameOf((CommandResult)result.Parent!)} {result.Command.Name}";

    private sealed class ShowVersion(Terminal terminal) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            terminal.Out.WriteLine($"strata {ProgramVersion.Text}");
            return CommandRunner.Done;
        }
    }
}
