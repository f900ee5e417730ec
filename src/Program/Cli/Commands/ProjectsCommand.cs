using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata projects</c>: what belongs together in the organization.</summary>
internal static class ProjectsCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Name of the new project" };

    public static Command Create(Terminal terminal)
    {
        var projects = new Command("projects", "List and create projects, which -p names")
        {
            new Command("list", "List the projects").Does(terminal, ListAsync),
            new Command("create", "Create a project") { Name }.Does(terminal, CreateAsync),
        }.Does(terminal, ListAsync);
        projects.Aliases.Add("project");
        return projects;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Projects, cancellationToken);

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var draft = new NewResource<JsonElement>
        {
            Name = run.Parse.GetRequiredValue(Name), Spec = JsonSerializer.SerializeToElement(new Dictionary<string, object>(),
                WireJson.Options),
        };
        var created = await run.Client.Resources(Plurals.Projects).CreateAsync(draft, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(created)))
            run.Say($"Created project {created.Name}. Deploy to it with: strata deploy -p {created.Name}");
        return CommandRunner.Done;
    }
}
