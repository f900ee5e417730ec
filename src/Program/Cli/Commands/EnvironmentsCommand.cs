using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata environments</c>: the stages that applications go through.</summary>
internal static class EnvironmentsCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Name of the new environment, for example staging" };

    public static Command Create(Terminal terminal)
    {
        var environments = new Command("environments", "List and create environments, which --environment names")
        {
            new Command("list", "List the environments").Does(terminal, ListAsync),
            new Command("create", "Create an environment") { Name }.Does(terminal, CreateAsync),
        }.Does(terminal, ListAsync);
        environments.Aliases.Add("environment");
        return environments;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Environments, cancellationToken);

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var draft = new NewResource<JsonElement>
        {
            Name = run.Parse.GetRequiredValue(Name),
            Spec = JsonSerializer.SerializeToElement(new Dictionary<string, object>(), WireJson.Options),
        };
        var created = await run.Client.Resources(Plurals.Environments).CreateAsync(draft, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(created)))
            run.Say($"Created environment {created.Name}. Deploy to it with: strata deploy --environment {created.Name}");
        return CommandRunner.Done;
    }
}
