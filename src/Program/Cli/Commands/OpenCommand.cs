using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata open NAME</c>: prints the address, and shows it in a browser where there is a desktop.</summary>
internal static class OpenCommand
{
    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Deployment" }.CompletesNames(
        "deployments");

    public static Command Create(Terminal terminal) =>
        new Command("open", "Open a deployment's address in the browser") { Name }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        var deployment = await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .GetAsync(name, cancellationToken: cancellationToken);
        var url = deployment.Status.Url ?? throw new Error(
            ErrorKind.Unavailable, "NO_ADDRESS", $"{name} has no address yet.", $"strata describe {name}").ToException();
        await run.Terminal.Out.WriteLineAsync(url);
        Browser.ShowFor(run, url);
        return CommandRunner.Done;
    }
}
