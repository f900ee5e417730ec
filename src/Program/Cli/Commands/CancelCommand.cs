using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata cancel NAME</c>: ends the builds of a deployment, or of one release, that wait or run.</summary>
internal static class CancelCommand
{
    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Deployment or release" }.CompletesNames(
        "deployments");

    public static Command Create(Terminal terminal) =>
        new Command("cancel", "Cancel the queued and running builds of a deployment or release") { Name }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        var releases = run.Client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases);
        var cancelled = 0;
        foreach (var release in await FindAsync(run, releases, name, cancellationToken))
        {
            if (ReleaseStates.IsEnd(release.State)) continue;
            await releases.TransitionAsync(release.Id, "cancel", cancellationToken: cancellationToken);
            run.Say($"Cancelled the build of {release.Name}.");
            cancelled++;
        }
        return cancelled > 0 ? CommandRunner.Done : throw NothingToCancel(name).ToException();
    }

    /// <summary>A name is a deployment's first; <c>release/NAME</c> and <c>deployment/NAME</c> say which.</summary>
    private static async Task<List<Resource<ReleaseSpec, ReleaseStatus>>> FindAsync(
        Run run, ResourceClient<ReleaseSpec, ReleaseStatus> releases, string name, CancellationToken cancellationToken)
    {
        var (kind, own) = name.Split('/', 2) is [var first, var rest] ? (first, rest) : ("", name);
        var deployments = run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments);
        var deployment = kind is "release" or "releases" ? null : await deployments.FindAsync(own, cancellationToken: cancellationToken);
        if (deployment is null)
        {
            if (kind is "deployment" or "deployments") await deployments.GetAsync(own, cancellationToken: cancellationToken);
            return [await releases.GetAsync(own, cancellationToken: cancellationToken)];
        }
        var found = new List<Resource<ReleaseSpec, ReleaseStatus>>();
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.deployment"] = deployment.Id } };
        await foreach (var release in releases.ListAsync(filter, cancellationToken)) found.Add(release);
        return found;
    }

    private static Error NothingToCancel(string name) =>
        new(ErrorKind.Conflict, "NOTHING_TO_CANCEL", $"{name} has no queued or running build.", "strata get releases");
}
