using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Strata.Client;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Shell;

/// <summary>
/// Puts the options that a command was called with into the commands that its messages propose, so that those mean the same cloud,
/// organization and project: after <c>strata deploy --org acme</c> the proposal <c>strata logs shop</c> becomes <c>strata --org acme logs
/// shop</c>.
/// </summary>
internal static partial class Hints
{
    private static readonly string[] AboutTheProgram = ["help", "version", "completion", "new"];
    private static readonly string[] AboutThisMachine = ["up", "down", "edge", "install-service"];
    private static readonly string[] AboutTheCloud = ["status", "doctor", "whoami"];
    private static readonly string[] AboutContexts = ["login", "logout", "context"];
    private static readonly string[] AboutTheOrganization = ["environments", "teams", "orgs", "projects", "people", "role", "keys"];

    /// <param name="faulty">Options whose values were the mistake: a proposal with them would repeat it.</param>
    /// <param name="context">The context that is meant where no option says so; null: the current one.</param>
    public static string Complete(ParseResult parse, string text, IReadOnlyCollection<Option>? faulty = null, string? context = null)
    {
        var options = new[] { GlobalOptions.Home, GlobalOptions.Server, GlobalOptions.Context, GlobalOptions.Org, GlobalOptions.Project }
            .Where(o => faulty?.Contains(o) != true && parse.GetResult(o) is { Implicit: false } && parse.GetValue(o) is not null).ToList();
        if (options.Contains(GlobalOptions.Context) || options.Contains(GlobalOptions.Server)) context = null; // a command takes one
        if (options.Count == 0 && context is null) return text;
        var commands = parse.RootCommandResult.Command.Subcommands.SelectMany(c => c.Aliases.Append(c.Name))
            .ToHashSet(StringComparer.Ordinal);
        return Proposal().Replace(text, match =>
        {
            var command = match.Groups[1].Value;
            if (!commands.Contains(command)) return match.Value;
            var given = options.Where(o => Takes(command, o)).Select(o => $"{o.Name} {ShellWord.Of(parse.GetValue(o)!)} ");
            var ofContext = context is not null && Takes(command, GlobalOptions.Context) ? $"{GlobalOptions.Context.Name} {context} " : "";
            return $"strata {string.Concat(given)}{ofContext}{command}";
        });
    }

    /// <summary>The options of the command line that an error is about.</summary>
    public static IReadOnlyCollection<Option> Faulty(ParseResult parse, Error error)
    {
        if (error.Code == ClientErrors.ServerUnreachable) return [GlobalOptions.Server];
        if (error.Kind != ErrorKind.NotFound) return [];
        // A list of organizations is not one of a project.
        if (IsMissing("organization", GlobalOptions.Org)) return [GlobalOptions.Org, GlobalOptions.Project];
        return IsMissing("project", GlobalOptions.Project) ? [GlobalOptions.Project] : [];

        bool IsMissing(string kind, Option<string?> option) =>
            parse.GetValue(option) is { } given && error.Message.Contains($"no {kind} \"{given}\"", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The command of this machine's cloud that is called, if one is: it takes no other.</summary>
    public static string? OfThisMachine(ParseResult parse)
    {
        var command = parse.CommandResult;
        while (command.Parent is CommandResult { Parent: CommandResult } parent) command = parent;
        return AboutThisMachine.Contains(command.Command.Name) ? command.Command.Name : null;
    }

    /// <summary>Whether the command means the project of <c>--project</c>.</summary>
    public static bool IsAboutProject(ParseResult parse)
    {
        var command = parse.CommandResult;
        while (command.Parent is CommandResult { Parent: CommandResult } parent) command = parent;
        return Takes(command.Command.Name, GlobalOptions.Project);
    }

    private static bool Takes(string command, Option option) =>
        !AboutTheProgram.Contains(command)
        && (option == GlobalOptions.Home || !(AboutThisMachine.Contains(command) || AboutContexts.Contains(command)))
        && (option == GlobalOptions.Home || option == GlobalOptions.Server || option == GlobalOptions.Context
            || !AboutTheCloud.Contains(command))
        && (option != GlobalOptions.Project || !AboutTheOrganization.Contains(command));

    [GeneratedRegex(@"(?<![\w./-])strata ([a-z]+)(?![\w.-]*/)(?![\w-])", RegexOptions.CultureInvariant)]
    private static partial Regex Proposal();
}
