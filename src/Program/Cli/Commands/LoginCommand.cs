using System.CommandLine;
using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata login</c>: signs a person in by their browser, or keeps a token for a cloud when that cloud has accepted it. A token is asked
/// for, or read from a pipe, and is no argument: those are seen by other users of the machine, and kept by the shell.
/// </summary>
internal static class LoginCommand
{
    private static readonly Argument<string?> Url = new("url")
    {
        Description = "Address of the cloud's API [the current context's]", Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Name =
        new("--name") { Description = "Name of the context [the server's host and port]", HelpName = "CONTEXT" };

    private static readonly Option<bool> WithToken =
        new("--with-token") { Description = "Ask for a token, and not for a sign-in in a browser" };

    private static readonly Option<bool> StepUp =
        new("--step-up") { Description = "Confirm in a browser that it is you, for what needs a fresh sign-in" };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal) => new Command(
        "login", "Sign in to a cloud by your browser or with a token, and make it the current context")
    {
        Url, Name, WithToken, StepUp, Yes,
    }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.Parse.GetValue(StepUp)) return await StepUpSignIn.RunAsync(run, run.Parse.GetValue(Url), cancellationToken);
        if (run.Org is not null)
            throw UsageErrors.Of("A context means the organization of its token.", "Leave --org out here, and give it to each command.")
                .ToException();
        if (Directory.Exists(run.Home)) new HomeLayout(run.Home).CreateRoot(); // refused before a token is asked for
        var contexts = Contexts.Read(run.Home);
        var address = AddressOf(run, contexts);
        var name = NameOf(run, contexts, address);
        if (name == CliContext.LocalName && contexts.Local?.Token is not null && !await Confirmation.AskAsync(
            run, Yes, "Replace the token of this machine's cloud? " + LogoutCommand.LastOneHint, cancellationToken))
            return CommandRunner.Failed;
        if (IsInTheClear(address) && !await Confirmation.AskAsync(
            run, Yes, $"The way to {address} is not encrypted, so others on it can read the token. Sign in anyway?", cancellationToken))
            return CommandRunner.Failed;
        var token = await SignInAsync(run, address, cancellationToken);
        var context = new CliContext { Name = name, Server = address, Token = token, Source = TokenSource.Entered };
        run.SignIn(context);
        var caller = await Caller.AskAsync(run, cancellationToken);
        var project = run.Parse.GetValue(GlobalOptions.Project);
        if (project is not null) await run.Client.Resources(Plurals.Projects).GetAsync(project, cancellationToken: cancellationToken);
        await Contexts.ChangeAsync(run.Home, run.Terminal.Time, now =>
        {
            CheckName(now, name, address);
            return now.With(context with { Project = project ?? now.Find(name)?.Project ?? CliContext.DefaultProject }, current: true);
        }, cancellationToken);
        if (!run.WriteMachine(caller.Json))
            run.Say($"Signed in to {address} as {caller.Person ?? caller.Actor} of the organization {caller.Organization}. The context is \"{name}\".");
        ContextCommand.SayWhatHides(run);
        return CommandRunner.Done;
    }

    /// <summary>What is piped in is a token; without a terminal nobody sees the code of a sign-in.</summary>
    private static async Task<string> SignInAsync(Run run, string address, CancellationToken cancellationToken)
    {
        var asks = !run.Parse.GetValue(WithToken) && run.Terminal.InIsTerminal && run.Terminal.ErrorIsTerminal;
        return asks && await DeviceSignIn.RunAsync(run, address, cancellationToken) is { } token
            ? token : await TokenPrompt.ReadAsync(run, address, cancellationToken);
    }

    private static string AddressOf(Run run, Contexts contexts)
    {
        var given = run.Parse.GetValue(Url) ?? run.Parse.GetValue(GlobalOptions.Server);
        if (given is null && run.Parse.GetValue(GlobalOptions.Context) is null
            && Environment.GetEnvironmentVariable("STRATA_URL") is { Length: > 0 } url) given = url;
        var named = given is null && run.Parse.GetValue(GlobalOptions.Context) is { } context ? contexts.Get(context) : null;
        var address = given ?? (named ?? contexts.Current)?.Server
            ?? throw UsageErrors.Of("It is not known which cloud is meant.", "Give its address: strata login https://cloud.example.com")
                .ToException();
        if (address.StartsWith("stk_", StringComparison.Ordinal) || address.StartsWith("sts_", StringComparison.Ordinal))
            throw UsageErrors.Of("That is a token, and not the address of a server. Tokens are not arguments: other users could see them.",
                "Leave it out; it is asked for. If others may have seen it, revoke it.").ToException();
        if (!CliContext.IsHttp(address)) throw CliContext.NoAddress(address, given is null ? Contexts.FileName : "URL").ToException();
        var uri = new Uri(address);
        // A user name, a path or a query belongs to something else that was copied.
        if (uri.UserInfo.Length > 0 || uri.PathAndQuery != "/" || uri.Fragment.Length > 0)
            throw UsageErrors.Of("The address of a server has a scheme, a host and a port, and nothing else.",
                $"Leave the rest out: strata login {ServerOf(uri)}").ToException();
        return ServerOf(uri);
    }

    /// <summary>Without a user name, which may stand beside a password.</summary>
    private static string ServerOf(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    private static string NameOf(Run run, Contexts contexts, string address)
    {
        var given = run.Parse.GetValue(Name) ?? run.Parse.GetValue(GlobalOptions.Context);
        if (given is null && contexts.AllForServer(address).ToList() is [var known, .. var more])
            return more.Count == 0 ? known.Name : throw UsageErrors.Of(
                $"There are several contexts of {address}: {string.Join(", ", contexts.AllForServer(address).Select(c => c.Name))}.",
                $"Say which one to sign in to: strata login {address} --name {known.Name}").ToException();
        var uri = new Uri(address);
        var name = given ?? (uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost.Trim('[', ']').Replace(':', '-')}-{uri.Port}");
        if (given is null && (!CliContext.IsName(name) || name == CliContext.LocalName)) name = "cloud";
        if (!CliContext.IsName(name))
            throw UsageErrors.Of($"\"{name.Shortened(100)}\" cannot be the name of a context.",
                "Use 1 to 63 letters, digits, dots, hyphens and underscores.").ToException();
        CheckName(contexts, name, address);
        return name;
    }

    /// <exception cref="StrataException">CONTEXT_EXISTS: it is the name of another cloud's.</exception>
    private static void CheckName(Contexts contexts, string name, string address)
    {
        var isOthers = contexts.Find(name) is { } taken ? !CliContext.IsSame(taken.Server, address) : name == CliContext.LocalName;
        if (isOthers) throw Taken(name, contexts.Find(name)?.Server).ToException();
    }

    private static Error Taken(string name, string? server) => new(
        ErrorKind.Conflict, "CONTEXT_EXISTS",
        server is null ? $"The context \"{name}\" is that of the cloud which \"strata up\" starts here."
            : $"The context \"{name}\" is that of {server}.",
        "Choose another name: --name NAME");

    /// <summary>Loopback addresses leave no machine.</summary>
    private static bool IsInTheClear(string address)
    {
        var uri = new Uri(address);
        return uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback && !uri.Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }
}
