using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata orgs</c>: creates and lists organizations, for operators; <c>--org NAME</c> runs any other command in one of them.
/// <c>set</c> is for an organization's own administrators.
/// </summary>
internal static class OrgsCommand
{
    private const string AdminToken = "admin";

    private static readonly Argument<string> Name = new("name") { Description = "Name of the new organization" };
    private static readonly Option<string?> DisplayName = new("--display-name") { Description = "Name for people", HelpName = "TEXT" };

    private static readonly Argument<string> Known =
        new Argument<string>("name") { Description = "Name or id of the organization" }.CompletesNames(Plurals.Organizations);

    private static readonly Option<bool?> RequireTwoFactor = new("--require-two-factor")
    {
        Description = "true or false [true]: memberships of people without a second factor grant nothing", HelpName = "BOOL",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create(Terminal terminal)
    {
        var orgs = new Command("orgs", "Create and list organizations (for operators), and set what they ask of their people")
        {
            new Command("create", "Create an organization with a project and its administrator's token, which is shown once") { Name,
                DisplayName }.Does(terminal, CreateAsync),
            new Command("set", "Set what an organization asks of its people (for its administrators)") { Known, RequireTwoFactor }.Does(
                terminal, SetAsync),
            new Command("list", "List the organizations").Does(terminal, ListAsync),
        }.Does(terminal, ListAsync);
        orgs.Aliases.Add("org");
        return orgs;
    }

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        var spec = new Dictionary<string, object>();
        if (run.Parse.GetValue(DisplayName) is { } displayName) spec["displayName"] = displayName;
        using var organization = await PostAsync(
            run, "/api/v1/organizations", new() { ["name"] = name, ["spec"] = spec }, cancellationToken);
        var id = organization.RootElement.Text("id")!;
        var token = new Dictionary<string, object> { ["name"] = AdminToken,
            ["spec"] = new Dictionary<string, object> { ["roles"] = new[] { "admin" } } };
        using var issued = await PostAsync(run, "/api/v1/tokens?org=" + id, token, cancellationToken);
        var text = issued.RootElement.Text("token")!;
        if (run.WriteMachine(new OrganizationMade(organization.RootElement, text))) return CommandRunner.Done;
        run.Terminal.Out.WriteLine(text);
        run.Say($"Created the organization {name}. Above is its administrator's token, shown only once: use it as STRATA_TOKEN, or run commands with --org {name}.");
        return CommandRunner.Done;
    }

    private static async Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Known);
        if (run.Parse.GetResult(RequireTwoFactor) is null)
            throw UsageErrors.Of("Nothing is to be set.", $"For example: strata orgs set {name} --require-two-factor").ToException();
        var required = run.Parse.GetValue(RequireTwoFactor) ?? true;
        var body = new JsonText(JsonSerializer.SerializeToUtf8Bytes(
            new Dictionary<string, object> { ["required"] = required }, WireJson.Options));
        using var set = await run.Client.SendAsync(
            HttpMethod.Put, "/api/v1/access/two-factor?org=" + Uri.EscapeDataString(name), body, cancellationToken: cancellationToken);
        if (run.WriteMachine(set!.RootElement)) return CommandRunner.Done;
        run.Say(required ? $"People of {name} need a passkey or another second factor now. Those without have no access there until they have one."
            : $"People of {name} need no second factor any more.");
        return CommandRunner.Done;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Organizations, cancellationToken);

    private static async Task<JsonDocument> PostAsync(
        Run run, string path, Dictionary<string, object> body, CancellationToken cancellationToken)
    {
        var json = new JsonText(JsonSerializer.SerializeToUtf8Bytes(body, WireJson.Options));
        return (await run.Client.SendAsync(HttpMethod.Post, path, json, cancellationToken: cancellationToken))!;
    }

    private sealed record OrganizationMade(JsonElement Organization, string Token);
}
