using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata members</c>: the people of the organization and their roles.</summary>
internal static class MembersCommand
{
    private static readonly Argument<string> Name =
        new Argument<string>("name") { Description = "Name of the person, as \"strata members\" shows it" }.CompletesNames(Plurals.Memberships);

    private static readonly Option<string[]> Role = new("--role")
    {
        Description = "Role: admin, developer, viewer, or one of your own; repeatable", HelpName = "ROLE", Required = true,
    };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal)
    {
        var members = new Command("members", "List the people of the organization, and change their roles")
        {
            new Command("list", "List the people of the organization").Does(terminal, ListAsync),
            new Command("set", "Replace a person's roles, within a second") { Name, Role }.Does(terminal, SetAsync),
            new Command("remove", "End a person's access to the organization at once") { Name, Yes }.Does(terminal, RemoveAsync),
        }.Does(terminal, ListAsync);
        members.Aliases.Add("member");
        return members;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Memberships, cancellationToken);

    private static async Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        // A membership's roles hold where it does: in the whole organization, or in the project that the person was invited to.
        if (run.NamesProject)
            throw UsageErrors.Of("\"members set\" replaces a person's roles wherever they hold, and takes no project.",
                "For that project alone: strata access grant ROLE NAME").ToException();
        var spec = new Dictionary<string, object> { ["roles"] = run.Parse.GetValue(Role)! };
        var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec, WireJson.Options)));
        var changed = await run.Client.Resources(Plurals.Memberships)
            .PatchAsync(run.Parse.GetRequiredValue(Name), patch, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(changed))) run.Say($"{changed.Name} has the roles {changed.Spec.Text("roles")} now.");
        return CommandRunner.Done;
    }

    private static async Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var member = await run.Client.Resources(Plurals.Memberships)
            .GetAsync(run.Parse.GetRequiredValue(Name), cancellationToken: cancellationToken);
        var question = $"Remove {member.Name} ({member.Spec.Text("email")}) from the organization?";
        if (!await Confirmation.AskAsync(run, Yes, question, cancellationToken)) return CommandRunner.Failed;
        var removed = await run.Client.Resources(Plurals.Memberships).DeleteAsync(member.Id, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(removed))) run.Say($"Removed {removed.Name}.");
        return CommandRunner.Done;
    }
}
