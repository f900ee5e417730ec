using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata teams</c>: people of the organization who get rights together.</summary>
internal static class TeamsCommand
{
    private static readonly Argument<string> Name = new Argument<string>("team") { Description = "Name of the team" }
        .CompletesNames(Plurals.Teams);

    private static readonly Argument<string[]> People = new Argument<string[]>("person")
    {
        Description = "Names of people, as \"strata members\" shows them", Arity = ArgumentArity.OneOrMore,
    }.CompletesNames(Plurals.Memberships);

    private static readonly Argument<string[]> AnyPeople = new Argument<string[]>("person")
    {
        Description = "Names of people, as \"strata members\" shows them", Arity = ArgumentArity.ZeroOrMore,
    }.CompletesNames(Plurals.Memberships);

    private static readonly Option<string?> Description = new("--description") { Description = "Text for people", HelpName = "TEXT" };

    public static Command Create(Terminal terminal)
    {
        var teams = new Command("teams", "Manage teams: people who get rights together (strata access grant)")
        {
            new Command("list", "List the teams").Does(terminal, ListAsync),
            new Command("create", "Create a team") { Name, AnyPeople, Description }.Does(terminal, CreateAsync),
            new Command("add", "Add people to a team, within a second") { Name, People }.Does(
                terminal, (run, cancellationToken) => ChangeAsync(run, (now, named) => now.Union(named), cancellationToken)),
            new Command("remove", "Take people out of a team, within a second") { Name, People }.Does(
                terminal, (run, cancellationToken) => ChangeAsync(run, (now, named) => now.Except(named), cancellationToken)),
        }.Does(terminal, ListAsync);
        teams.Aliases.Add("team");
        return teams;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Teams, cancellationToken);

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, object> { ["members"] = run.Parse.GetValue(AnyPeople)! };
        if (run.Parse.GetValue(Description) is { } description) spec["description"] = description;
        var name = run.Parse.GetRequiredValue(Name);
        var draft = new NewResource<JsonElement> { Name = name, Spec = JsonSerializer.SerializeToElement(spec, WireJson.Options) };
        var created = await run.Client.Resources(Plurals.Teams).CreateAsync(draft, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(created)))
            run.Say($"Created team {name}. Give it rights: strata access grant ROLE team/{name}");
        return CommandRunner.Done;
    }

    /// <summary>Of two that change a team at once, the second starts again with what the first has made of it.</summary>
    private static async Task<int> ChangeAsync(
        Run run, Func<IEnumerable<string>, IEnumerable<string>, IEnumerable<string>> change, CancellationToken cancellationToken)
    {
        var (teams, name) = (run.Client.Resources(Plurals.Teams), run.Parse.GetRequiredValue(Name));
        while (true)
        {
            var team = await teams.GetAsync(name, cancellationToken: cancellationToken);
            var members = team.Spec.GetProperty("members").EnumerateArray().Select(m => m.GetString()!);
            var spec = new Dictionary<string, object> { ["members"] = change(members, run.Parse.GetValue(People)!).ToArray() };
            var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec, WireJson.Options)));
            try
            {
                var changed = await teams.PatchAsync(team.Id, patch, ifMatch: team.Revision, cancellationToken: cancellationToken);
                if (!run.WriteMachine(ResourceOutput.ToJson(changed)))
                    run.Say($"{changed.Name} has {changed.Spec.GetProperty("members").GetArrayLength()} members now.");
                return CommandRunner.Done;
            }
            catch (StrataException e) when (e.Error.Kind == ErrorKind.PreconditionFailed)
            {
            }
        }
    }
}
