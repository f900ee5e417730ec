using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata role</c>: creates, lists and changes the organization's own roles, which tokens can hold.</summary>
internal static class RoleCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Name of the new role" };
    private static readonly Argument<string> Existing =
        new Argument<string>("name") { Description = "Name or id of the role" }.CompletesNames(Plurals.Roles);

    private static readonly Option<string[]> Allow = new("--allow")
    {
        Description = "Permission, such as deployments.write or deployments.*; repeatable; \"strata access permissions\" lists them",
        HelpName = "PERMISSION", AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string?> Description = new("--description") { Description = "Text for people", HelpName = "TEXT" };

    public static Command Create(Terminal terminal)
    {
        var role = new Command("role", "Create and change roles: sets of permissions that tokens can hold")
        {
            new Command("create", "Create a role") { Name, Allow, Description }.Does(
                terminal, CreateAsync),
            new Command("set", "Replace what a role allows; its tokens follow within a second") { Existing, Allow, Description }.Does(
                terminal, SetAsync),
            new Command("list", "List the roles").Does(terminal, ListAsync),
        }.Does(terminal, ListAsync);
        role.Aliases.Add("roles");
        return role;
    }

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, object> { ["permissions"] = Permissions(run) };
        if (run.Parse.GetValue(Description) is { } description) spec["description"] = description;
        var name = run.Parse.GetRequiredValue(Name);
        var draft = new NewResource<JsonElement> { Name = name, Spec = JsonSerializer.SerializeToElement(spec, WireJson.Options) };
        var created = await run.Client.Resources(Plurals.Roles).CreateAsync(draft, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(created)))
            run.Say($"Created role {name}. Give it to a new token: strata token create NAME --role {name}");
        return CommandRunner.Done;
    }

    private static async Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, object>();
        if (run.Parse.GetValue(Allow) is { Length: > 0 }) spec["permissions"] = Permissions(run);
        if (run.Parse.GetValue(Description) is { } description) spec["description"] = description;
        if (spec.Count == 0) throw UsageErrors.Of("Nothing is set.", "Give --allow or --description.").ToException();
        var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec, WireJson.Options)));
        var changed = await run.Client.Resources(Plurals.Roles)
            .PatchAsync(run.Parse.GetRequiredValue(Existing), patch, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(changed))) run.Say($"Changed role {changed.Name}.");
        return CommandRunner.Done;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Roles, cancellationToken);

    /// <summary>Also as one word, with commas.</summary>
    private static string[] Permissions(Run run) => run.Parse.GetValue(Allow) is { Length: > 0 } given
        ? [.. given.SelectMany(p => p.Split(',', StringSplitOptions.RemoveEmptyEntries))] : throw UsageErrors.Of("A role needs at least one permission.", "Give --allow; \"strata access permissions\" lists them.").ToException();
}
