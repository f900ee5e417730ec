using System.Globalization;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;
using Strata.Deployments.Kinds;
using DeploymentResource = Strata.Core.Resource<Strata.Deployments.Kinds.DeploymentSpec, Strata.Deployments.Kinds.DeploymentStatus>;

namespace Strata.Cli.Deploying;

/// <summary>Waits until a deployment serves what it should, or says why it does not.</summary>
internal static class RolloutWait
{
    /// <param name="since">Revision of the change that began the rollout: what was before does not count.</param>
    /// <param name="told">Told how far it is, in words.</param>
    public static async Task<DeploymentResource> UntilSettledAsync(
        Run run, string deployment, long since, TimeSpan patience, Action<string> told, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(patience, run.Terminal.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        var client = run.Client.Resources<DeploymentSpec, DeploymentStatus>("deployments");
        try
        {
            await foreach (var change in client.FollowAsync(new ResourceFilter { Where = HasName(deployment) }, null, linked.Token))
            {
                if (change.Resource is not { } now || now.Revision < since) continue;
                if (now.State == DeploymentStates.Running && now.Status.Release == now.Spec.Release) return now;
                if (now.State == DeploymentStates.Failed) throw Failed(now).ToException();
                if (now.Deleted || now.State == DeploymentStates.Removing) throw Gone(now).ToException();
                told(Progress(now));
            }
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
        }
        throw TimedOut(deployment, patience).ToException();
    }

    private static string Progress(DeploymentResource now) =>
        now.Status.Message ?? string.Create(CultureInfo.InvariantCulture, $"Starting: {now.Status.ReadyReplicas} of {now.Spec.Run.Replicas} ready");

    private static string HasName(string name) =>
        $$"""{"type":"simple","jsonPath":"$.name","operatorType":"EQUALS","value":"{{System.Text.Json.JsonEncodedText.Encode(name)}}"}""";

    private static Error Failed(DeploymentResource now) => new(
        ErrorKind.Unprocessable, "ROLLOUT_FAILED", now.Status.Message ?? $"The rollout of {now.Name} failed.",
        now.Status.Release is null ? $"strata logs {now.Name}" : $"strata logs {now.Name} (the earlier release still serves)");

    private static Error Gone(DeploymentResource now) => new(ErrorKind.NotFound, "DEPLOYMENT_REMOVED", $"{now.Name} was deleted meanwhile.");

    private static Error TimedOut(string deployment, TimeSpan patience) => new(
        ErrorKind.Timeout, "WAIT_TIMEOUT", $"{deployment} was not ready within {patience.TotalSeconds:0} seconds; the work goes on.",
        $"strata describe {deployment}");
}
