using System.CommandLine;
using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Asks before something is deleted. Without a terminal nothing is deleted unless the command says <c>-y</c>.</summary>
internal static class Confirmation
{
    public const string Needed = "CONFIRMATION_NEEDED";

    /// <exception cref="StrataException">CONFIRMATION_NEEDED: there is no terminal, and no <c>-y</c>.</exception>
    public static async Task<bool> AskAsync(Run run, Option<bool> yes, string question, CancellationToken cancellationToken)
    {
        if (run.Parse.GetValue(yes)) return true;
        if (!run.Terminal.InIsTerminal || !run.Terminal.ErrorIsTerminal) throw NotAsked(question).ToException();
        await run.Terminal.Error.WriteAsync($"{question} [y/N] ");
        // The console's reader does not look at the token: Ctrl-C must not wait for Enter.
        var answer = await Task.Run(run.Terminal.In.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer is "y" or "Y" or "yes";
    }

    private static Error NotAsked(string question) => new(
        ErrorKind.Invalid, Needed, $"{question} There is no terminal to ask in, so nothing was changed.",
        "Add -y (--yes) to the command to do it without being asked.");
}
