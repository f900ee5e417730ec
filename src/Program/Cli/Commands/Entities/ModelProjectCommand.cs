using System.CommandLine;
using System.Text.Json.Nodes;
using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata model project</c>: which project's applications reach a model and its entities.</summary>
internal static class ModelProjectCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = ModelName.Argument();
        var project = new Argument<string?>(
            "project") { Description = "Name or id of the project; without it the model belongs to the organization",
            Arity = ArgumentArity.ZeroOrOne };
        return new Command("project", "Move a model to a project, whose applications can then use it, or back to the organization") { name,
            project }.Does(terminal, (run, cancellationToken) =>
        {
            var body = JsonText.FromString(new JsonObject { ["project"] = run.Parse.GetValue(project) }.ToJsonString());
            var request = new ApiRequest(HttpMethod.Put, $"/api/model/{ModelName.Of(run, name).Path}/project") { Body = body.Utf8 };
            return ModelChangeCommands.SendAsync(run, request, cancellationToken);
        });
    }
}
