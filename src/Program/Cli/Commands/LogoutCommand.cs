using System.CommandLine;
using Strata.Cli.Context;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata logout</c>: forgets the token of a context on this machine.</summary>
internal static class LogoutCommand
{
    /// <summary>Of a token of this machine's cloud, which may be the only one there is.</summary>
    public const string LastOneHint =
        "If it is kept nowhere else, only a new one replaces it: strata down, then strata up --new-admin-token.";

    private static readonly Argument<string?> Name =
        new Argument<string?>("context") { Description = "Context [the current one]", Arity = ArgumentArity.ZeroOrOne }.CompletesContexts();

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal) =>
        new Command("logout", "Sign out of a context: end the sign-in, or forget the token on this machine") { Name, Yes }.Does(terminal, RunAsync);

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
            run, Yes, "Forget the token of this machine's cloud? " + LastOneHint, cancellationToken)) return CommandRunner.Failed;
        var ended = await EndSessionAsync(run, context, cancellationToken);
        contexts = await Contexts.ChangeAsync(run.Home, run.Terminal.Time, now => now.Find(context.Name) is { } found
            ? now.With(found with { Token = null }, current: found == now.Current) : now, cancellationToken);
        if (!run.WriteMachine(ContextCommand.Show(context with { Token = null }, context.Name == contexts.Current?.Name)))
            run.Say($"Signed out of {context.Server}. {ended}");
        ContextCommand.SayWhatHides(run);
        return CommandRunner.Done;
    }

    /// <summary>Of a person's sign-in, which is over with this. Signing out here works without an answer of the server too.</summary>
    /// <returns>What became of it.</returns>
    private static async Task<string> EndSessionAsync(Run run, CliContext context, CancellationToken cancellationToken)
    {
        if (!context.Token!.StartsWith("sts_", StringComparison.Ordinal))
            return "The token itself stays valid until an administrator there revokes it: strata token revoke NAME";
        run.SignIn(context);
        try
        {
            await run.Client.SendBytesAsync(HttpMethod.Delete, "/api/v1/access/sessions/current", cancellationToken: cancellationToken);
            return "The sign-in has ended.";
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.Unauthenticated)
        {
            return "The sign-in had ended before.";
        }
        catch (StrataException e)
        {
            return $"The sign-in could not be ended there ({e.Error.Code}): end it at {context.Server}/account.";
        }
    }
}
