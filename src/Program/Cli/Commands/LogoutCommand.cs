using System.CommandLine;
using Strata.Cli.Context;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata logout</c>: forgets the token of a context on this machine.</summary>
internal static class LogoutCommand
{
    private static readonly Argument<string?> Name =
        new Argument<string?>("context") { Description = "Context [the current one]", Arity = ArgumentArity.ZeroOrOne }.CompletesContexts();

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal) =>
        new Command("logout", "Forget the token of a context on this machine") { Name, Yes }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var contexts = Contexts.Read(run.Home);
        var name = run.Parse.GetValue(Name) ?? run.Parse.GetValue(GlobalOptions.Context);
        var context = name is not null ? contexts.Get(name) : contexts.Current;
        if (context?.Token is null)
        {
            run.Say(context is null ? "There is no context to sign out of." : $"You are not signed in to {context.Server}.");
            return CommandRunner.Done;
        }
        if (context.Name == CliContext.LocalName && !await Confirmation.AskAsync(
            run, Yes, "Forget the token of this machine's cloud? If it is kept nowhere else, only \"strata up --new-admin-token\" replaces it.",
            cancellationToken)) return CommandRunner.Failed;
        contexts.With(context with { Token = null }, current: context.Name == contexts.Current?.Name).Save(run.Home);
        if (!run.WriteMachine(ContextCommand.Show(context with { Token = null }, context.Name == contexts.Current?.Name)))
            run.Say($"Signed out of {context.Server}. The token itself is still valid: \"strata token revoke\" revokes one.");
        return CommandRunner.Done;
    }
}
