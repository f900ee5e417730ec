using System.CommandLine;

namespace Strata.Cli.Shell;

/// <summary>Asks before what cannot be undone; only where a person can answer.</summary>
internal static class Confirmation
{
    public static async Task<bool> AskAsync(Run run, Option<bool> yes, string question, CancellationToken cancellationToken)
    {
        if (run.Parse.GetValue(yes) || !run.Terminal.InIsTerminal || !run.Terminal.ErrorIsTerminal) return true;
        await run.Terminal.Error.WriteAsync($"{question} [y/N] ");
        return await Console.In.ReadLineAsync(cancellationToken) is "y" or "Y" or "yes";
    }
}
