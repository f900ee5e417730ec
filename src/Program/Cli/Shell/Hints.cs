using System.CommandLine;
using System.Text.RegularExpressions;
using Strata.Server.Options;

namespace Strata.Cli.Shell;

/// <summary>
/// Puts the options that a command was called with into the commands that its messages propose, so that those mean the same cloud, organization and project: after
/// <c>strata deploy --org acme</c> the proposal <c>strata logs shop</c> becomes <c>strata --org acme logs shop</c>.
/// </summary>
internal static partial class Hints
{
    private static readonly string[] AboutTheProgram = ["help", "version", "completion", "new"];
    private static readonly string[] AboutThisMachine = ["up", "down", "edge"];
    private static readonly string[] AboutTheCloud = ["status", "doctor"];

    public static string Complete(ParseResult parse, string text)
    {
        var options = new[] { GlobalOptions.Home, GlobalOptions.Server, GlobalOptions.Org, GlobalOptions.Project }
            .Where(o => parse.GetResult(o) is { Implicit: false } && parse.GetValue(o) is not null).ToList();
        if (options.Count == 0) return text;
        var commands = parse.RootCommandResult.Command.Subcommands.SelectMany(c => c.Aliases.Append(c.Name)).ToHashSet(StringComparer.Ordinal);
        return Proposal().Replace(text, match =>
        {
            var command = match.Groups[1].Value;
            if (!commands.Contains(command)) return match.Value;
            var given = options.Where(o => Takes(command, o)).Select(o => $"{o.Name} {ShellWord.Of(parse.GetValue(o)!)} ");
            return $"strata {string.Concat(given)}{command}";
        });
    }

    private static bool Takes(string command, Option option) =>
        !AboutTheProgram.Contains(command)
        && (option == GlobalOptions.Home || !AboutThisMachine.Contains(command))
        && (option == GlobalOptions.Home || option == GlobalOptions.Server || !AboutTheCloud.Contains(command));

    [GeneratedRegex(@"(?<![\w./-])strata ([a-z]+)(?![\w.-]*/)(?![\w-])", RegexOptions.CultureInvariant)]
    private static partial Regex Proposal();
}
