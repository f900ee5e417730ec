using System.CommandLine;
using Strata.Cli.Context;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata context</c>: the clouds that this machine's command line knows, and which of them commands mean.</summary>
internal static class ContextCommand
{
    private static readonly Argument<string> Name =
        new Argument<string>("context") { Description = "Name of the context" }.CompletesContexts();
    private static readonly Option<bool> Yes = SharedOptions.Yes();

    /// <summary>As programs see one; tokens are not shown.</summary>
    public sealed record Shown(string Name, string Server, string Project, bool SignedIn, bool Current);

    public static Command Create(Terminal terminal) => new Command("context", "List the clouds that you are signed in to, and choose one")
    {
        new Command("list", "List the contexts") { }.Does(terminal, ListAsync),
        new Command("use", "Make commands mean this context, and with -p this project of it") { Name }.Does(terminal, UseAsync),
        ContextExportCommand.Create(terminal),
        new Command("delete", "Forget a context with its token") { Name, Yes }.Does(terminal, DeleteAsync),
    }.Does(terminal, ListAsync);

    public static Shown Show(CliContext context, bool current) =>
        new(context.Name, context.Server, context.Project, context.Token is not null, current);

    /// <summary>Says so where variables decide which cloud commands mean, and the choice that was just made does not.</summary>
    public static void SayWhatHides(Run run)
    {
        string[] set = [.. new[] { "STRATA_URL", "STRATA_TOKEN" }.Where(v => Environment.GetEnvironmentVariable(v) is { Length: > 0 })];
        // Alone, the token is for the cloud of this machine.
        if (set is ["STRATA_TOKEN"] && Contexts.TryRead(run.Home) is { Current: { } current } contexts && !contexts.IsLocal(current)) return;
        if (set.Length > 0)
            run.Say($"Note: {string.Join(" and ", set)} {(set.Length == 1 ? "is" : "are")} set in this shell, and commands go by that first. "
                + $"To go by the context: unset {string.Join(' ', set)}");
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken)
    {
        var contexts = Contexts.Read(run.Home);
        List<Shown> all = [.. contexts.All.Select(c => Show(c, c == contexts.Current)).OrderBy(c => c.Name, StringComparer.Ordinal)];
        if (run.WriteMachine(all)) return Task.FromResult(CommandRunner.Done);
        if (all.Count == 0) run.Say("You have no contexts: start a cloud with \"strata up\", or sign in to one with \"strata login URL\".");
        else
        {
            var table = new Table("NAME", "CURRENT", "SERVER", "PROJECT", "SIGNED IN");
            foreach (var context in all)
                table.Add(context.Name, context.Current ? "current" : "", context.Server, context.Project, context.SignedIn ? "yes" : "no");
            table.Write(run.Terminal);
        }
        return Task.FromResult(CommandRunner.Done);
    }

    private static async Task<int> UseAsync(Run run, CancellationToken cancellationToken)
    {
        var context = Contexts.Read(run.Home).Get(run.Parse.GetRequiredValue(Name));
        var project = run.Parse.GetValue(GlobalOptions.Project);
        if (project is not null)
        {
            run.SignIn(context);
            await run.Client.Resources(Plurals.Projects).GetAsync(project, cancellationToken: cancellationToken);
        }
        var contexts = await Contexts.ChangeAsync(run.Home, run.Terminal.Time, now =>
        {
            var found = now.Get(context.Name);
            return now.With(found with { Project = project ?? found.Project }, current: true);
        }, cancellationToken);
        context = contexts.Current!;
        if (!run.WriteMachine(Show(context, current: true)))
            run.Say($"The context is \"{context.Name}\" now: {context.Server}, project {context.Project}.");
        SayWhatHides(run);
        return CommandRunner.Done;
    }

    private static async Task<int> DeleteAsync(Run run, CancellationToken cancellationToken)
    {
        var contexts = Contexts.Read(run.Home);
        var context = contexts.Get(run.Parse.GetRequiredValue(Name));
        var question = context.Token is null ? $"Forget the context {context.Name} ({context.Server})?"
            : $"Forget the context {context.Name} ({context.Server}), with its token?";
        if (context is { Name: CliContext.LocalName, Token: not null }) question += " " + LogoutCommand.LastOneHint;
        if (!await Confirmation.AskAsync(run, Yes, question, cancellationToken)) return CommandRunner.Failed;
        var left = await Contexts.ChangeAsync(run.Home, run.Terminal.Time, now => now.Without(context.Name), cancellationToken);
        if (run.WriteMachine(Show(context, current: false))) return CommandRunner.Done;
        var next = context == contexts.Current && left.Current is { } current ? $" The context is \"{current.Name}\" now: {current.Server}" : "";
        run.Say($"Forgot {context.Name}.{next}");
        return CommandRunner.Done;
    }
}
