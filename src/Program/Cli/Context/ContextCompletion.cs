using System.CommandLine;
using System.CommandLine.Completions;
using Strata.Cli.Shell;

namespace Strata.Cli.Context;

/// <summary>What the shell offers where a context is named.</summary>
internal static class ContextCompletion
{
    public static Argument<T> CompletesContexts<T>(this Argument<T> argument)
    {
        argument.HelpName = argument.Name; // and not the names that there are
        argument.CompletionSources.Add(Names);
        return argument;
    }

    public static Option<T> CompletesContexts<T>(this Option<T> option)
    {
        option.CompletionSources.Add(Names);
        return option;
    }

    private static IEnumerable<CompletionItem> Names(CompletionContext context)
    {
        try
        {
            return [.. (Contexts.TryRead(GlobalOptions.HomeOf(context.ParseResult))?.All ?? []).Select(c => new CompletionItem(c.Name))];
        }
        catch (InvalidOperationException) // of a command line that is not whole
        {
            return [];
        }
    }
}
