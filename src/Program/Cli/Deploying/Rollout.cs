using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Deploying;

/// <summary>
/// A change to a deployment that makes it roll out, and the wait for its end: what scale, rollback and restart have in common.
/// </summary>
internal static class Rollout
{
    public static async Task<int> RunAsync(
        Run run, string name, bool waits, int secondsMax, string doing, Func<Resource<DeploymentSpec, DeploymentStatus>, string> done,
        Func<ResourceClient<DeploymentSpec, DeploymentStatus>, Task<Resource<DeploymentSpec, DeploymentStatus>>> change,
        CancellationToken cancellationToken)
    {
        var client = run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments);
        if (!waits)
        {
            Finish(run, await change(client));
            return CommandRunner.Done;
        }
        OngoingWork? ongoing = null;
        return await CutOff.RunAsync(run, () => ongoing, async () =>
        {
            var settled = await new Steps(run).DoAsync(doing, async report =>
            {
                ongoing = new OngoingWork($"It is not known whether {name} was changed.", $"See: strata describe {name}.");
                var changed = await change(client);
                ongoing = new OngoingWork($"The rollout of {name} continues.", $"Follow it with: strata describe {name}.");
                return await RolloutWait.UntilSettledAsync(run, changed, TimeSpan.FromSeconds(secondsMax), report, cancellationToken);
            }, done);
            Finish(run, settled);
            return CommandRunner.Done;
        }, cancellationToken);
    }

    /// <summary>The data of every command that ends with a deployment: the whole of it for machines, its address for people.</summary>
    public static void Finish(Run run, Resource<DeploymentSpec, DeploymentStatus> deployment)
    {
        if (!run.WriteMachine(DeploymentJson(deployment)) && deployment.Status.Url is { } url) run.Terminal.Out.WriteLine(url);
    }

    /// <summary>Nothing was ever built, so that there is nothing to roll out and the wait would have no end.</summary>
    public static Error NoRelease(Resource<DeploymentSpec, DeploymentStatus> deployment) => deployment.Status.Candidate is null
        ? new Error(
            ErrorKind.Conflict, "NO_RELEASE", $"{deployment.Name} has no release.", $"Deploy one: strata deploy --name {deployment.Name}")
        : new Error(ErrorKind.Conflict, "NO_RELEASE", $"{deployment.Name} has no release yet: its first one is being built.",
            $"Follow it with: strata describe {deployment.Name}");

    private static System.Text.Json.JsonElement DeploymentJson(Resource<DeploymentSpec, DeploymentStatus> deployment)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new System.Text.Json.Utf8JsonWriter(buffer, StableJson.Readable)) ResourceJson.Write(json, deployment);
        return StableJson.Of(System.Text.Json.JsonElement.Parse(buffer.WrittenSpan));
    }
}
