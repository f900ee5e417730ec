using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Cloud;

/// <summary>
/// What to do where a server does not accept the caller's token: it depends on where the token came from, which only this program knows.
/// </summary>
internal static class TokenAdvice
{
    private const string NotAccepted = "UNAUTHORIZED";

    /// <summary>Whether the fault is with the caller's sign-in: the server refused it, or the file that has it cannot be read.</summary>
    public static bool IsOfSignIn(Error error) =>
        error.Kind is ErrorKind.Unauthenticated or ErrorKind.Forbidden || error.Code == Contexts.InvalidCode;

    /// <summary>The command that signs in to a context's server again.</summary>
    public static string LoginOf(CliContext context) =>
        $"strata login {context.Server.TrimEnd('/')}{(context.Name.Length > 0 ? $" --name {context.Name}" : "")}";

    /// <summary>
    /// An error for a token that is not accepted says which one it was and how to use another; any other error is left as it is.
    /// </summary>
    public static Error Explain(Run run, Error error)
    {
        if (error.Code != NotAccepted) return error;
        var (server, file) = (run.Context.Server, Path.Combine(run.Home, Contexts.FileName));
        var login = LoginOf(run.Context);
        return run.Context.Source switch
        {
            TokenSource.Environment => error with
            {
                Message = $"The server at {server} does not accept the token in the variable STRATA_TOKEN: it is wrong, has expired or was revoked.",
                NextStep = run.Context.HasOther
                    ? $"Use the token that is kept in {file}: unset STRATA_TOKEN. Or set STRATA_TOKEN to a valid one."
                    : "Set STRATA_TOKEN to a valid one; an administrator of the organization makes it with: strata token create NAME",
            },
            TokenSource.File => error with
            {
                Message = $"The server at {server} does not accept the token that is kept in {file}: it has expired or was revoked, or it is another cloud's.",
                NextStep = $"Sign in with a valid one: {login}. If the administrator's token is lost, replace it on the server's machine: "
                    + $"strata down, then {KeptSettings.StartCommand(new HomeLayout(run.Home), detached: true)} --new-admin-token",
            },
            TokenSource.Entered => error with
            {
                Message = $"The server at {server} does not accept this token: it is wrong, has expired or was revoked. Nothing was changed.",
                NextStep = "Enter a valid one. An administrator of the organization makes it there: strata token create NAME",
            },
            _ => error with
            {
                Message = $"The server at {server} needs a token, and none is known for it: a token is sent only to the address that it was made for.",
                NextStep = $"Sign in: {login}",
            },
        };
    }
}
