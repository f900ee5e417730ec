using System.CommandLine;
using Strata.Cli.Context;
using Strata.Cli.Kinds;
using Strata.Contracts;
using Strata.Server.Options;

namespace Strata.Cli.Shell;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static readonly Option<OutputFormat> Output =
        new Option<OutputFormat>("--output", "-o") { Description = "Output format: table, json or yaml", Recursive = true,
            HelpName = "FORMAT" }.CompletesWith("table", "json", "yaml");

    public static readonly Option<bool> Json = new("--json") { Description = "Same as -o json", Recursive = true };
    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Print only data and errors", Recursive = true };
    public static readonly Option<bool> NoColor =
        new("--no-color") { Description = "Do not use colours (also: NO_COLOR=1)", Recursive = true };
    public static readonly Option<string?> Project =
        new Option<string?>("--project", "-p") { Description = "Project, by name or id", Recursive = true,
            HelpName = "PROJECT" }.CompletesNames(Plurals.Projects);

    public static readonly Option<string?> Org = new("--org")
    {
        Description = "Organization, by name or id; for operators, instead of the token's own", Recursive = true, HelpName = "ORGANIZATION",
    };
    public static readonly Option<string?> Server =
        new("--server") { Description = "Address of the server's API, instead of the context's", Recursive = true, HelpName = "URL" };
    public static readonly Option<string?> Context =
        new Option<string?>("--context") { Description = "Context, instead of the current one (strata context)", Recursive = true,
            HelpName = "CONTEXT" }.CompletesContexts();
    public static readonly Option<string?> Home =
        new("--home") { Description = "The cloud's data folder (STRATA_HOME, ~/.strata)", Recursive = true, HelpName = "FOLDER" };

    /// <summary>The data folder that a command line means.</summary>
    public static string HomeOf(ParseResult parse) =>
        parse.GetValue(Home) is { Length: > 0 } home ? Path.GetFullPath(home) : HomeLayout.DefaultRoot();

    private static Option<T> CompletesWith<T>(this Option<T> option, params string[] words)
    {
        option.CompletionSources.Clear(); // The library's are the names of the .NET enumeration
        option.CompletionSources.Add(words);
        return option;
    }

    public static readonly Option[] All = [Output, Json, Quiet, NoColor, Project, Org, Server, Context, Home];
}
