using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;

namespace Strata.Cli.Commands;

/// <summary>Why a log has no lines, and where to look instead.</summary>
internal static class EmptyLog
{
    /// <summary>For a log that is followed: null where lines may come from what runs now.</summary>
    public static async Task<string?> BeforeAsync(Run run, string plural, string name, CancellationToken cancellationToken)
    {
        if (plural != Plurals.Deployments) return null;
        var deployment = await run.Client.Resources<DeploymentSpec, DeploymentStatus>(plural)
            .GetAsync(name, cancellationToken: cancellationToken);
        return await HasInstancesAsync(run, deployment, cancellationToken)
            ? null : (await WithoutInstancesAsync(run, deployment, cancellationToken)).Reason;
    }

    /// <returns>The reason, and the release whose build log shows more; null: there is none.</returns>
    public static async Task<(string Reason, string? Release)> ExplainAsync(
        Run run, string plural, string name, CancellationToken cancellationToken)
    {
        if (plural == Plurals.Releases)
        {
            var release = await run.Client.Resources<ReleaseSpec, ReleaseStatus>(plural)
                .GetAsync(name, cancellationToken: cancellationToken);
            return (release.State == ReleaseStates.Queued ? $"The build of {release.Name} has not started; it is queued."
                : $"The build of {release.Name} has written nothing.", null);
        }
        if (plural != Plurals.Deployments) return ($"{name} has written nothing yet.", null);
        var deployment = await run.Client.Resources<DeploymentSpec, DeploymentStatus>(plural)
            .GetAsync(name, cancellationToken: cancellationToken);
        return await HasInstancesAsync(run, deployment, cancellationToken)
            ? ($"The instances of {deployment.Name} have written nothing yet.", null)
            : await WithoutInstancesAsync(run, deployment, cancellationToken);
    }

    private static async Task<bool> HasInstancesAsync(Run run, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        await foreach (var _ in run.Client.Resources<InstanceSpec, InstanceStatus>(Plurals.Instances)
            .ListAsync(Of(deployment), cancellationToken)) return true;
        return false;
    }

    private static async Task<(string Reason, string? Release)> WithoutInstancesAsync(
        Run run, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        Core.Resource<ReleaseSpec, ReleaseStatus>? newest = null;
        await foreach (
            var release in run.Client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases).ListAsync(Of(deployment), cancellationToken))
        {
            if (newest is null || release.CreatedAt > newest.CreatedAt) newest = release;
        }
        if (newest is null)
            return ($"{deployment.Name} has no release yet, so there is no log. Deploy one with: strata deploy --name {deployment.Name}",
                null);
        var build = $"The log of its build: strata logs release/{newest.Name}";
        var reason = deployment switch
        {
            { Status.Static: true } => $"{deployment.Name} is a static site: no instance runs that could write a log. {build}",
            { Spec.Run.Replicas: 0 } => $"{deployment.Name} is scaled to 0: no instance runs. {build}",
            _ => $"{deployment.Name} has no instance yet, so it has no log. {build}",
        };
        return (reason, newest.Name);
    }

    private static ResourceFilter Of(DeploymentResource deployment) =>
        new() { Fields = new Dictionary<string, string> { ["spec.deployment"] = deployment.Id } };
}
