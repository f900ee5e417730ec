using System.CommandLine;
using Strata.Cli.Deploying;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata restart NAME</c>: new instances of the same release, without a failed request.</summary>
internal static class RestartCommand
{
    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Deployment" }.CompletesNames(
        "deployments");
    private static readonly Option<bool> NoWait = SharedOptions.NoWait();
    private static readonly Option<int> WaitTimeout = SharedOptions.WaitTimeout();

    public static Command Create(Terminal terminal) =>
        new Command("restart", "Replace a deployment's instances with new ones of the same release") { Name, NoWait, WaitTimeout }.Does(
            terminal, RunAsync);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        return Rollout.RunAsync(
            run, name, !run.Parse.GetValue(NoWait), run.Parse.GetValue(WaitTimeout), $"Restarting {name}", _ => $"Restarted {name}",
            client => RestartAsync(run, client, name, cancellationToken), cancellationToken);
    }

    private static async Task<Resource<DeploymentSpec, DeploymentStatus>> RestartAsync(
        Run run, ResourceClient<DeploymentSpec, DeploymentStatus> client, string name, CancellationToken cancellationToken)
    {
        var now = await client.GetAsync(name, cancellationToken: cancellationToken);
        if (now.Spec.Release is null) throw Rollout.NoRelease(now).ToException();
        // such as variables that a restart does not change
        if (now is { State: DeploymentStates.Running, Status.Message: { } message }) run.Show(message);
        var patch = new ResourcePatch(JsonText.FromString($$"""{"generation":{{now.Spec.Generation + 1}}}"""));
        return await client.TransitionAsync(name, "restart", patch, ifMatch: now.Revision, cancellationToken: cancellationToken);
    }
}
