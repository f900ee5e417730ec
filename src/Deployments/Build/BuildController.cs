using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Build;

/// <summary>
/// Builds releases and tells their deployments. Level-triggered: a build that was cut off is seen in BUILDING and starts again; an end that the deployment was not told of
/// is told. A release is written whole or not at all, so there is no half deployment.
/// </summary>
internal sealed partial class BuildController(
    DeploymentStores stores, Builder builder, ILines lines, DeploymentOptions options, TimeProvider time, ILogger<BuildController> logger)
    : Controller<ReleaseSpec, ReleaseStatus>, IDisposable
{
    private const string Actor = "controller:build";

    private readonly SemaphoreSlim numbering = new(1);

    public override string Name => "build";

    public override Kind<ReleaseSpec, ReleaseStatus> Kind => DeploymentKinds.Release;

    public override int Parallelism => options.BuildsMax;

    public void Dispose() => numbering.Dispose();

    public override async Task<TimeSpan?> ReconcileAsync(ReleaseResource release, CancellationToken cancellationToken)
    {
        switch (release.State)
        {
            case ReleaseStates.Queued:
                await StartAsync(release, cancellationToken);
                break;
            case ReleaseStates.Building:
                await ChangeAsync(release, x => x, "requeue", cancellationToken);
                break;
            case ReleaseStates.Ready or ReleaseStates.Failed when !release.Status.Reported:
                await ReportAsync(release, cancellationToken);
                break;
        }
        return null;
    }

    private async Task StartAsync(ReleaseResource release, CancellationToken cancellationToken)
    {
        var caller = CallerOf(release);
        var found = await stores.Deployments.GetAsync(caller, release.Spec.Deployment, AsOf.Latest, cancellationToken);
        if (found.Error is { Kind: not ErrorKind.NotFound } fault) throw fault.ToException();
        if (!found.IsOk || found.Value.Project != release.Project) await RefuseAsync(release, BuildErrors.DeploymentMissing(release.Spec.Deployment), cancellationToken);
        else if (found.Value.State == DeploymentStates.Removing) await RefuseAsync(release, BuildErrors.DeploymentRemoved(), cancellationToken);
        else if (await NewerAsync(release, found.Value, cancellationToken) is { } newer) await RefuseAsync(release, BuildErrors.Superseded(newer.Name), cancellationToken);
        else await BuildAsync(await ClaimAsync(release, found.Value, cancellationToken), found.Value, cancellationToken);
    }

    /// <summary>Numbers the release and takes the deployment's configuration over; one at a time, so that no two get one number.</summary>
    private async Task<ReleaseResource> ClaimAsync(ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        await numbering.WaitAsync(cancellationToken);
        try
        {
            var number = release.Status.Number > 0 ? release.Status.Number : 1 + await HighestNumberAsync(release, deployment, cancellationToken);
            return await ChangeAsync(release, x => x with { Spec = TakeOver(x.Spec, deployment), Status = x.Status with { Number = number } }, "build", cancellationToken);
        }
        finally
        {
            numbering.Release();
        }
    }

    private static ReleaseSpec TakeOver(ReleaseSpec spec, DeploymentResource deployment) => spec with
    {
        Deployment = deployment.Id,
        Run = spec.Run ?? deployment.Spec.Run,
        Build = spec.Build ?? deployment.Spec.Build,
        Env = spec.Env ?? deployment.Spec.Env,
        Health = spec.Health ?? deployment.Spec.Health,
    };

    private async Task BuildAsync(ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        await SetCandidateAsync(release, deployment, cancellationToken);
        var stream = StoreQueries.Entity(Kind.IdPrefix, release.Id);
        await using var log = new BuildLog(lines, StoreQueries.Tenant(release.Org), stream, time, logger);
        var started = time.GetTimestamp();
        var built = await BuildAsync(release, log, cancellationToken);
        if (!built.IsOk) log.Step($"Failed: {built.Error.Message}{(built.Error.NextStep is { } next ? " " + next : "")}");
        await log.CompleteAsync(); // the log is whole before the release's end is told
        var seconds = Math.Round(time.GetElapsedTime(started).TotalSeconds, 3);
        var ended = await ChangeAsync(release, x => Finish(x, built, log, seconds), built.IsOk ? "finish" : "fail", cancellationToken);
        await ReportAsync(ended, cancellationToken, built.IsOk ? built.Value.Replicas : null);
    }

    private async Task<Result<BuiltRelease>> BuildAsync(ReleaseResource release, BuildLog log, CancellationToken cancellationToken)
    {
        var config = new ReleaseConfig(release.Spec.Run!, release.Spec.Build!, release.Spec.Env!, release.Spec.Health!);
        try
        {
            return await builder.BuildAsync(new BuildJob(StoreQueries.Tenant(release.Org), release.Id, release.Spec.Source, config), log, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            BuildBroke(logger, release.Id, e);
            return BuildErrors.Unforeseen(release.Id);
        }
    }

    private static ReleaseResource Finish(ReleaseResource release, Result<BuiltRelease> built, BuildLog log, double seconds) => built.IsOk
        ? release with
        {
            Spec = release.Spec with { Run = built.Value.Config.Run, Env = built.Value.Config.Env, Health = built.Value.Config.Health },
            Status = release.Status with
            {
                Commit = built.Value.Commit,
                Detected = built.Value.Detected,
                Image = built.Value.Image,
                ImageBytes = built.Value.ImageBytes,
                Static = built.Value.Static,
                Command = built.Value.Command,
                Port = built.Value.Port,
                BuildSeconds = seconds,
            },
        }
        : release with { Status = release.Status with { Message = Sentence(built.Error), LogTail = log.Tail, BuildSeconds = seconds } };

    /// <summary>Ends a release that was never built. Its deployment is told nothing: it goes on as it was, unless this was its latest deploy.</summary>
    private async Task RefuseAsync(ReleaseResource release, Error error, CancellationToken cancellationToken) =>
        await ChangeAsync(release, x => x with { Status = x.Status with { Message = Sentence(error), Reported = true } }, "fail", cancellationToken);

    private async Task ReportAsync(ReleaseResource release, CancellationToken cancellationToken, int? replicas = null)
    {
        var told = release.State == ReleaseStates.Ready ? await PromoteAsync(release, replicas, cancellationToken) : await FailAsync(release, cancellationToken);
        if (told.Error is { Kind: not (ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.Invalid) } error) throw error.ToException();
        await ChangeAsync(release, x => x with { Status = x.Status with { Reported = true } }, null, cancellationToken);
    }

    private ValueTask<Result<DeploymentResource>> PromoteAsync(ReleaseResource release, int? replicas, CancellationToken cancellationToken) =>
        stores.Deployments.ChangeAsync(CallerOf(release), release.Spec.Deployment, x => x with { Spec = Promoted(x.Spec, release, replicas), Status = x.Status with { Message = null } }, "promote", null, cancellationToken);

    private static DeploymentSpec Promoted(DeploymentSpec spec, ReleaseResource release, int? replicas) => spec with
    {
        Release = release.Id,
        Run = release.Status.Number == 1 && replicas is { } count ? spec.Run with { Replicas = count } : spec.Run,
    };

    /// <summary>Only the deployment's latest deploy decides how it is told to be.</summary>
    private ValueTask<Result<DeploymentResource>> FailAsync(ReleaseResource release, CancellationToken cancellationToken) =>
        stores.Deployments.ChangeAsync(CallerOf(release), release.Spec.Deployment, x => Failed(x, release), "fail", null, cancellationToken);

    private static Result<DeploymentResource> Failed(DeploymentResource deployment, ReleaseResource release) => deployment.Status.Candidate == release.Id
        ? deployment with { Status = deployment.Status with { Candidate = null, Message = $"Release {release.Name} was not built: {release.Status.Message}" } }
        : BuildErrors.Superseded("another release");

    private async Task SetCandidateAsync(ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        var set = await stores.Deployments.ChangeAsync(
            CallerOf(release), deployment.Id, x => x with { Status = x.Status with { Candidate = release.Id } }, null, null, cancellationToken);
        if (set.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
    }

    private async Task<ReleaseResource?> NewerAsync(ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        await foreach (var other in SiblingsAsync(release, deployment, cancellationToken))
        {
            if (other.CreatedAt > release.CreatedAt && other.Id != release.Id && other.State != ReleaseStates.Failed) return other;
        }
        return null;
    }

    private async Task<int> HighestNumberAsync(ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        var highest = 0;
        await foreach (var other in SiblingsAsync(release, deployment, cancellationToken)) highest = Math.Max(highest, other.Status.Number);
        return highest;
    }

    /// <summary>All releases of the deployment; one that was just made may still name it by its name.</summary>
    private async IAsyncEnumerable<ReleaseResource> SiblingsAsync(ReleaseResource release, DeploymentResource deployment, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var reference in new[] { deployment.Id, deployment.Name })
        {
            await foreach (var other in stores.Releases.AllAsync(StoreQueries.Tenant(release.Org), StoreQueries.OfDeployment(reference), cancellationToken)) yield return other;
        }
    }

    private async Task<ReleaseResource> ChangeAsync(ReleaseResource release, Func<ReleaseResource, ReleaseResource> change, string? transition, CancellationToken cancellationToken)
    {
        var changed = await stores.Releases.ChangeAsync(CallerOf(release), release.Id, x => change(x), transition, null, cancellationToken);
        return changed.Value;
    }

    private static Caller CallerOf(ReleaseResource release) => new(StoreQueries.Tenant(release.Org), Actor);

    private static string Sentence(Error error) => error.NextStep is { } next ? $"{error.Message} {next}" : error.Message;
}
