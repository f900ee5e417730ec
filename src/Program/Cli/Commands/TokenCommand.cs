using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Cloud;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata token</c>: prints the context's token, or creates, lists and revokes others.</summary>
internal static class TokenCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Name of the new token" };
    private static readonly Argument<string> Existing =
        new Argument<string>("name") { Description = "Name or id of the token" }.CompletesNames("tokens");
    private static readonly Option<string[]> Role =
        new("--role") { Description = "Role: admin, developer, viewer, or one of your own (strata role)",
            DefaultValueFactory = _ => ["developer"], HelpName = "ROLE" };
    private static readonly Option<string?> Expires =
        new("--expires") { Description = "Lifetime, such as 12h or 90d (default: until it is revoked)", HelpName = "AGE" };

    private static readonly Option<string[]> From = new("--from")
    {
        Description = "Network that it may be used from, such as 10.1.0.0/16; repeatable [anywhere]", HelpName = "NETWORK",
    };

    private static readonly Option<bool> Yes = SharedOptions.Yes();
    private static readonly Option<bool> Force = new("--force") { Description = "Also the token that you use" };

    public static Command Create(Terminal terminal) => new Command("token", "Print a token for curl; create, list and revoke tokens")
    {
        new Command("create", "Create a token; it is shown once") { Name, Role, Expires, From }.Does(terminal, CreateAsync),
        new Command("list", "List the tokens") { }.Does(terminal, ListAsync),
        new Command("revoke", "Revoke a token: calls are refused at once, open streams end within 10 seconds") { Existing, Yes,
            Force }.Does(terminal, RevokeAsync),
    }.Does(terminal, PrintAsync);

    private static Task<int> PrintAsync(Run run, CancellationToken cancellationToken)
    {
        var token = run.Context.Token ?? throw new Error(
            ErrorKind.Unauthenticated, "NO_TOKEN", "No token is configured here.", $"Sign in: {TokenAdvice.LoginOf(run.Context)}")
                .ToException();
        if (!run.WriteMachine(new Dictionary<string, string> { ["token"] = token, ["server"] = run.Context.Server }))
            run.Terminal.Out.WriteLine(token);
        return Task.FromResult(CommandRunner.Done);
    }

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, object> { ["roles"] = run.Parse.GetValue(Role)! };
        if (run.Parse.GetValue(Expires) is { } lifetime) spec["expiresAt"] = TimeText.ParseLifetime(lifetime, run.Now).Value;
        if (run.Parse.GetValue(From) is { Length: > 0 } networks) spec["allowedAddresses"] = networks;
        if (run.Parse.GetValue(GlobalOptions.Project) is { } project) spec["project"] = project;
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new Dictionary<string, object> { ["name"] = run.Parse.GetRequiredValue(Name), ["spec"] = spec }, WireJson.Options);
        using var answer = await run.Client.SendAsync(
            HttpMethod.Post, "/api/v1/tokens", new JsonText(body), cancellationToken: cancellationToken);
        if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
        run.Terminal.Out.WriteLine(answer.RootElement.Text("token"));
        run.Say("The token is shown only once. Use it with: curl -H \"Authorization: Bearer TOKEN\" …, or STRATA_TOKEN.");
        return CommandRunner.Done;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Tokens, cancellationToken);

    private static async Task<int> RevokeAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Existing);
        if (!await Confirmation.AskAsync(run, Yes, $"Revoke the token {name}?", cancellationToken)) return CommandRunner.Failed;
        var revoked = await run.Client.Resources(Plurals.Tokens)
            .DeleteAsync(name, force: run.Parse.GetValue(Force), cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(revoked))) run.Say($"Revoked {revoked.Name}.");
        return CommandRunner.Done;
    }
}
