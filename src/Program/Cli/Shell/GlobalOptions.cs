using System.CommandLine;

namespace Strata.Cli.Shell;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static readonly Option<OutputFormat> Output = new("--output", "-o") { Description = "table, json or yaml", Recursive = true, HelpName = "FORMAT" };
    public static readonly Option<bool> Json = new("--json") { Description = "The same as -o json", Recursive = true };
    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Only data and errors", Recursive = true };
    public static readonly Option<bool> NoColor = new("--no-color") { Description = "No colours (as does NO_COLOR)", Recursive = true };
    public static readonly Option<string?> Project = new("--project", "-p") { Description = "Project, by name or id", Recursive = true, HelpName = "PROJECT" };
    public static readonly Option<string?> Org = new("--org")
    {
        Description = "Organization, by name or id; for operators, instead of the token's own", Recursive = true, HelpName = "ORGANIZATION",
    };
    public static readonly Option<string?> Server = new("--server") { Description = "Address of the server's API, instead of the context's", Recursive = true, HelpName = "URL" };
    public static readonly Option<string?> Home = new("--home") { Description = "The cloud's data folder (STRATA_HOME, ~/.strata)", Recursive = true, HelpName = "FOLDER" };

    public static readonly Option[] All = [Output, Json, Quiet, NoColor, Project, Org, Server, Home];
}
