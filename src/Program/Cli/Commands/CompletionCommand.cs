using System.CommandLine;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata completion SHELL</c>: a script that completes commands and names.</summary>
internal static class CompletionCommand
{
    // Without compgen -W, which expands what it gets: names come from everyone who may create something, "$(…)" among them.
    private const string Bash = """
        _strata() {
            local word=${COMP_WORDS[COMP_CWORD]} found
            COMPREPLY=()
            while IFS= read -r found; do
                [[ $found != "$word"* ]] || COMPREPLY+=("$(printf %q "$found")")
            done < <("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
        }
        complete -o default -F _strata strata ./strata
        """;

    private const string Zsh = """
        #compdef strata
        _strata() {
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:${#BUFFER}]" "$BUFFER" 2>/dev/null)}")
            compadd -- $found
        }
        compdef _strata strata ./strata
        """;

    private const string Fish = """
        complete -c strata -f -a '(set -l line (commandline -cp); set -l program (commandline -opc)[1]; type -q -- $program; or set program strata; $program "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null)'
        """;

    private static readonly Dictionary<string, string> Scripts =
        new(StringComparer.Ordinal) { ["bash"] = Bash, ["zsh"] = Zsh, ["fish"] = Fish };

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new Command("completion", "Print the completion script for your shell") { shell };
        return command.Does(terminal, (run, _) =>
        {
            run.Terminal.Out.WriteLine(Scripts[run.Parse.GetRequiredValue(shell)]);
            return Task.FromResult(CommandRunner.Done);
        });
    }
}
