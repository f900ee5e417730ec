using System.CommandLine;
using Strata.Cli.Developing;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata new LANGUAGE FOLDER</c>: the beginnings of a compute member.</summary>
internal static class NewCommand
{
    private static readonly Argument<string> Language =
        new Argument<string>("language") { Description = string.Join(", ", MemberTemplate.Languages), HelpName = "language" }
        .AcceptOnlyFromAmong([.. MemberTemplate.Languages]);

    private static readonly Argument<string> Folder = new("folder") { Description = "Folder to write to; created if missing" };

    public static Command Create(Terminal terminal) =>
        new Command("new", "Create the source of a compute member") { Language, Folder }.Does(terminal, RunAsync);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var (language, folder) = (run.Parse.GetRequiredValue(Language), Path.GetFullPath(run.Parse.GetRequiredValue(Folder)));
        var written = MemberTemplate.Write(language, folder, Path.GetFileName(folder));
        foreach (var file in written) run.Terminal.Out.WriteLine(file);
        run.Say($"It serves the tag {Path.GetFileName(folder)}. {FirstOf(language)}");
        run.Say($"Run it with: strata dev {run.Parse.GetValue(Folder)}");
        return Task.FromResult(CommandRunner.Done);
    }

    private static string FirstOf(string language) => language switch
    {
        "typescript" => "First, in that folder: npm install",
        "python" => "First, in that folder: pip install -r requirements.txt",
        _ => "The first start builds it.",
    };
}
