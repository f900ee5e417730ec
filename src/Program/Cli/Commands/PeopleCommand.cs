using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata people</c>: everyone who has an account in the cloud. For operators.</summary>
internal static class PeopleCommand
{
    private static readonly Argument<string> Name =
        new Argument<string>("name") { Description = "Name of the person, as \"strata people\" shows it" }.CompletesNames(Plurals.People);

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal) => new Command("people", "Manage the accounts of the cloud (for operators)")
    {
        new Command("list", "List all who have an account").Does(terminal, ListAsync),
        new Command("password-link", "Make a link by which a person sets a new password") { Name }.Does(terminal, LinkAsync),
        new Command("remove-second-factor", "Remove a person's second factors, passkeys too, when they lost their phone")
        {
            Name, Yes,
        }.Does(terminal, RemoveSecondFactorAsync),
        new Command("disable", "Keep a person out, at once, until they are enabled again") { Name }.Does(
            terminal, (run, cancellationToken) => SetAsync(run, true, cancellationToken)),
        new Command("enable", "Let a person in again") { Name }.Does(
            terminal, (run, cancellationToken) => SetAsync(run, false, cancellationToken)),
        new Command("remove", "Delete an account, with its memberships and sessions") { Name, Yes }.Does(terminal, RemoveAsync),
    }.Does(terminal, ListAsync);

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.People, cancellationToken);

    private static async Task<int> LinkAsync(Run run, CancellationToken cancellationToken)
    {
        var path = $"/api/v1/people/{Uri.EscapeDataString(run.Parse.GetRequiredValue(Name))}/password-link";
        using var made = await run.Client.SendAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
        if (run.WriteMachine(made!.RootElement)) return CommandRunner.Done;
        run.Terminal.Out.WriteLine(made.RootElement.Text("link"));
        run.Say("Send them this link; it works once, for a day, and is shown only now. Their sessions end when they use it.");
        return CommandRunner.Done;
    }

    private static async Task<int> RemoveSecondFactorAsync(Run run, CancellationToken cancellationToken)
    {
        var person = await run.Client.Resources(Plurals.People)
            .GetAsync(run.Parse.GetRequiredValue(Name), cancellationToken: cancellationToken);
        var question = $"Let {person.Spec.Text("email")} in with the password alone?";
        if (!await Confirmation.AskAsync(run, Yes, question, cancellationToken)) return CommandRunner.Failed;
        await run.Client.SendBytesAsync(
            HttpMethod.Delete, $"/api/v1/people/{person.Id}/second-factor", cancellationToken: cancellationToken);
        run.Say($"Sign-ins of {person.Name} ask for the password only. Without one: strata people password-link {person.Name}");
        return CommandRunner.Done;
    }

    private static async Task<int> SetAsync(Run run, bool disabled, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, object> { ["disabled"] = disabled };
        var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec, WireJson.Options)));
        var changed = await run.Client.Resources(Plurals.People)
            .PatchAsync(run.Parse.GetRequiredValue(Name), patch, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(changed))) run.Say($"{changed.Name} is {(disabled ? "disabled" : "enabled")}.");
        return CommandRunner.Done;
    }

    private static async Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var person = await run.Client.Resources(Plurals.People)
            .GetAsync(run.Parse.GetRequiredValue(Name), cancellationToken: cancellationToken);
        if (!await Confirmation.AskAsync(run, Yes, $"Delete the account of {person.Spec.Text("email")}?", cancellationToken))
            return CommandRunner.Failed;
        var removed = await run.Client.Resources(Plurals.People).DeleteAsync(person.Id, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(removed))) run.Say($"{removed.Name} has no access any more; the account ends in a moment.");
        return CommandRunner.Done;
    }
}
