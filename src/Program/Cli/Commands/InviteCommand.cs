using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata invite</c>: makes a link by which a person joins the organization.</summary>
internal static class InviteCommand
{
    private const string Path = "/api/v1/invitations";

    private static readonly Argument<string?> Email = new("email")
    {
        Description = "Address of the only person who may accept [anyone with the link]", Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string[]> Role = new("--role")
    {
        Description = "Role: admin, developer, viewer, or one of your own (strata role); repeatable", DefaultValueFactory = _ => ["developer"],
        HelpName = "ROLE",
    };

    private static readonly Option<string?> Expires =
        new("--expires") { Description = "Lifetime of the link, up to 90d [7d]", HelpName = "AGE" };

    public static Command Create(Terminal terminal) =>
        new Command("invite", "Make a link by which a person joins the organization") { Email, Role, Expires }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, object> { ["roles"] = run.Parse.GetValue(Role)! };
        if (run.Parse.GetValue(Email) is { } email) spec["email"] = email;
        if (run.Parse.GetValue(GlobalOptions.Project) is { } project) spec["project"] = project;
        if (run.Parse.GetValue(Expires) is { } lifetime) spec["expiresAt"] = TimeText.ParseLifetime(lifetime, run.Now).Value;
        using var made = await CreateAsync(run, null, spec, cancellationToken);
        if (run.WriteMachine(made.RootElement)) return CommandRunner.Done;
        run.Terminal.Out.WriteLine(made.RootElement.Text("link"));
        var isMailed = made.RootElement.TryGetProperty("mailed", out var mailed) && mailed.ValueKind == JsonValueKind.True;
        run.Say((isMailed ? "The link is on its way to them by mail too" : "Send them this link")
            + "; it works once, and is shown only now. \"strata get invitations\" lists all.");
        return CommandRunner.Done;
    }

    /// <param name="name">Of the invitation; null: the server makes one up.</param>
    public static async Task<JsonDocument> CreateAsync(
        Run run, string? name, Dictionary<string, object> spec, CancellationToken cancellationToken)
    {
        var body = new Dictionary<string, object> { ["spec"] = spec };
        if (name is not null) body["name"] = name;
        var json = new JsonText(JsonSerializer.SerializeToUtf8Bytes(body, WireJson.Options));
        return (await run.Client.SendAsync(HttpMethod.Post, Path, json, cancellationToken: cancellationToken))!;
    }
}
