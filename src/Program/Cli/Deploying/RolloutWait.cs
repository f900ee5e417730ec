using System.Globalization;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;

namespace Strata.Cli.Deploying;

/// <summary>Waits until a deployment serves what it should, or says why it does not.</summary>
internal static class RolloutWait
{
    public const string SupersededCode = "RELEASE_SUPERSEDED";

    /// <summary>How long a server may be away, as for its restart.</summary>
    private static readonly TimeSpan ServerPatience = TimeSpan.FromSeconds(60);

    /// <summary>Until the release that <paramref name="changed"/> asks for serves with all replicas.</summary>
    /// <param name="changed">As the change that began the rollout left it: what was before does not count.</param>
    /// <param name="report">Shows the progress, in words.</param>
    public static Task<DeploymentResource> UntilSettledAsync(
        Run run, DeploymentResource changed, TimeSpan patience, Action<string> report, CancellationToken cancellationToken) =>
        FollowAsync(
            run, changed.Name, changed.Revision, now => now.Status.Release == now.Spec.Release, patience, report, cancellationToken);

    /// <summary>Until a release that has just been built serves.</summary>
    public static Task<DeploymentResource> UntilServesAsync(
        Run run, string deployment, Resource<ReleaseSpec, ReleaseStatus> release, TimeSpan patience, Action<string> report,
        CancellationToken cancellationToken) =>
        FollowAsync(
            run, deployment, release.Revision + 1, now => now.Status.Release == release.Id ? true : IsPast(now, release)
                ? throw Superseded(now, release).ToException() : false,
            patience, report, cancellationToken);

    private static async Task<DeploymentResource> FollowAsync(
        Run run, string deployment, long since, Func<DeploymentResource, bool> serves, TimeSpan patience, Action<string> report,
        CancellationToken cancellationToken)
    {
        var settled = await FollowStatesAsync(run, deployment, since, serves, patience, report, cancellationToken);
        await AddressCheck.WaitAsync(run, settled, cancellationToken);
        return settled;
    }

    private static async Task<DeploymentResource> FollowStatesAsync(
        Run run, string deployment, long since, Func<DeploymentResource, bool> serves, TimeSpan patience, Action<string> report,
        CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(patience, run.Terminal.Time);
        using var away = new CancellationTokenSource(Timeout.InfiniteTimeSpan, run.Terminal.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token, away.Token);
        Error? lost = null;
        var isAway = false;
        var client = run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments);
        try
        {
            await foreach (var change in client.FollowAsync(new ResourceFilter { Where = HasName(deployment) }, Lost, linked.Token))
            {
                if (isAway) away.CancelAfter(Timeout.InfiniteTimeSpan);
                isAway = false;
                if (change.Resource is not { } now || now.Revision < since) continue;
                if (now.Deleted || now.State == DeploymentStates.Removing) throw Gone(now).ToException();
                if (now.State == DeploymentStates.Failed) throw Failed(now).ToException();
                if (now.State == DeploymentStates.Running && serves(now)) return now;
                report(Progress(now));
            }
        }
        catch (OperationCanceledException) when (linked.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
        }
        throw (away.IsCancellationRequested && lost is { } error ? ServerAway(error, deployment) : TimedOut(deployment, patience))
            .ToException();

        void Lost(Error error)
        {
            if (!isAway) away.CancelAfter(ServerPatience);
            (lost, isAway) = (error, true);
            report("The server does not answer. Waiting for it");
        }
    }

    /// <summary>
    /// A deployment that runs another release, which is not the one before ours: a later deploy or a rollback has overtaken it.
    /// </summary>
    private static bool IsPast(DeploymentResource now, Resource<ReleaseSpec, ReleaseStatus> release) =>
        now.Spec.Release is { } asked && asked != release.Id && string.CompareOrdinal(asked, release.Id) > 0;

    private static string Progress(DeploymentResource now) =>
        now.Status.Message ?? string.Create(
            CultureInfo.InvariantCulture, $"Starting {now.Name}: {now.Status.ReadyReplicas} of {now.Spec.Run.Replicas} ready");

    private static string HasName(string name) =>
        $$"""{"type":"simple","jsonPath":"$.name","operatorType":"EQUALS","value":"{{System.Text.Json.JsonEncodedText.Encode(name)}}"}""";

    /// <summary>The rest of the message says what is used, and what to do.</summary>
    private const string QuotaExceeded = "QUOTA_EXCEEDED";

    private static Error Failed(DeploymentResource now) => new(
        ErrorKind.Unprocessable,
        now.Status.Message?.Contains(QuotaExceeded + ":", StringComparison.Ordinal) == true ? QuotaExceeded : "ROLLOUT_FAILED",
        now.Status.Message ?? $"The rollout of {now.Name} failed.",
        now.Status.Release is null ? $"strata logs {now.Name}" : $"strata logs {now.Name} (the earlier release still serves)");

    private static Error Superseded(DeploymentResource now, Resource<ReleaseSpec, ReleaseStatus> release) => new(
        ErrorKind.Conflict, SupersededCode, $"{now.Name} runs a newer release than {release.Name}: another deploy was faster.",
        $"strata describe {now.Name}");

    private static Error Gone(DeploymentResource now) =>
        new(ErrorKind.NotFound, "DEPLOYMENT_REMOVED", $"{now.Name} was deleted in the meantime.");

    private static Error ServerAway(Error lost, string deployment) => new(
        lost.Kind, lost.Code, $"{lost.Message} The server has been away for {ServerPatience.TotalSeconds:0} seconds. "
            + $"The rollout of {deployment} continues once it is back.", "strata status");

    private static Error TimedOut(string deployment, TimeSpan patience) => new(
        ErrorKind.Timeout, "WAIT_TIMEOUT", $"{deployment} was not ready within {patience.TotalSeconds:0} seconds; the work continues.",
        $"strata describe {deployment}");
}
