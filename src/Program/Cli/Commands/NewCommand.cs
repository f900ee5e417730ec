using System.CommandLine;
using System.CommandLine.Completions;
using Strata.Cli.Developing;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary><c>strata new LANGUAGE [FOLDER]</c>: a compute member to start from, with its client library and a first call.</summary>
internal static class NewCommand
{
    private static readonly Argument<string> Language =
        new Argument<string>("language") { Description = string.Join(", ", MemberTemplate.Languages), HelpName = "language" }
        .AcceptOnlyFromAmong([.. MemberTemplate.Languages]);

    private static readonly Argument<string?> Folder = new("folder")
    {
        Description = "New folder to write to [LANGUAGE-member]", Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create(Terminal terminal)
    {
        Language.CompletionSources.Clear();
        // None behind a language: there the shell offers folders.
        Language.CompletionSources.Add(context => NameCompletion.IsNext(Language, context)
            ? MemberTemplate.Languages.Select(l => new CompletionItem(l)) : []);
        return new Command("new", "Create a compute member: source, tests, workflow, and a first call") { Language, Folder }.Does(
            terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var language = run.Parse.GetRequiredValue(Language);
        var given = run.Parse.GetValue(Folder) is { Length: > 0 } named ? named : language + "-member";
        var folder = Path.GetFullPath(given);
        MemberTemplate.RequireEmpty(folder);
        var packages = await SdkPackages.FindAsync(run, language, cancellationToken);
        var written = MemberTemplate.Write(language, folder, packages);
        string[] next = [$"cd {ShellWord.Of(given)}", .. PreparationOf(language), "strata dev"];
        var call = FirstCallOf(language);
        if (run.WriteMachine(new Created(folder, written, next, call))) return CommandRunner.Done;
        foreach (var file in written) run.Terminal.Out.WriteLine(file);
        run.Say($"Created {given}. Start it, with a cloud running (strata up):");
        foreach (var line in next) run.Show("  " + run.Hint(line));
        run.Say("Then, in another terminal, in the same folder:");
        run.Show("  " + call);
        run.Say($"README.md in {given} explains the rest.");
        return CommandRunner.Done;
    }

    private static string[] PreparationOf(string language) => language switch
    {
        "typescript" => ["npm install"],
        "python" => ["python3 -m venv .venv", ".venv/bin/pip install -r requirements.txt"],
        _ => [],
    };

    private static string FirstCallOf(string language) => language switch
    {
        "typescript" => "npm run first-call",
        "python" => ".venv/bin/python first_call.py",
        _ => "dotnet run -- first-call",
    };

    private sealed record Created(string Folder, IReadOnlyList<string> Files, IReadOnlyList<string> Next, string FirstCall);
}
