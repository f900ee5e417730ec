using System.CommandLine;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>--sort</c>, in the language of <see cref="Client.SortExpression"/>; each command has its own.</summary>
internal static class SortOption
{
    private const string Name = "--sort";

    /// <param name="example">A field that suits what the command lists.</param>
    public static Option<string[]> Create(string example) => new(Name)
    {
        Description = $"Fields to sort by, the first counts most: {example} or {example}:asc, and -{example} or {example}:desc to descend",
        HelpName = "FIELD,…", Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>As one expression; null: not given.</summary>
    public static string? Read(Run run, Option<string[]> sort) =>
        run.Parse.GetValue(sort) is { Length: > 0 } given ? string.Join(',', given) : null;

    /// <summary>The parser would take <c>--sort -name</c> for the option <c>-n</c>: such a word is joined to its option.</summary>
    public static string[] Join(string[] arguments)
    {
        var joined = new List<string>(arguments.Length);
        for (var i = 0; i < arguments.Length; i++)
        {
            var isPair = arguments[i] == Name && i + 1 < arguments.Length && arguments[i + 1] is ['-', not '-', ..];
            joined.Add(isPair ? $"{Name}={arguments[++i]}" : arguments[i]);
        }
        return [.. joined];
    }
}
