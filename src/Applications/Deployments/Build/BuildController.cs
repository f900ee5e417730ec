using Microsoft.Extensions.Logging;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;
using Strata.Secrets.Values;

namespace Strata.Deployments.Build;

/// <summary>
/// Builds releases and reports to their deployments. Level-triggered: a build that was interrupted is seen in BUILDING and starts again,
/// twice at most; an end that was not reported to the deployment is reported. A release is written atomically, so there is no half
/// deployment. The order of deploys decides what runs, not the order in which builds end: a later deploy cancels the builds of earlier
/// ones.
/// </summary>
internal sealed partial class BuildController(
    DeploymentStores stores, DeploymentViews views, Builder builder, ReleaseOfRelease other, BuildQueue queue, ILines lines,
    TimeProvider time, ILogger<BuildController> logger)
    : Controller<ReleaseSpec, ReleaseStatus>, IDisposable
{
    private const string Actor = "controller:build";
    private const int InterruptionsMax = 2;

    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim numbering = new(1);
    private readonly ActiveBuilds active = new();

    public override string Name => "build";

    public override Kind<ReleaseSpec, ReleaseStatus> Kind => DeploymentKinds.Release;

    /// <summary>Most only wait for a place in the <see cref="BuildQueue"/>.</summary>
    public override int Parallelism => 1000;

    public override IReadOnlyList<Related> Related => [new(DeploymentKinds.Deployment, _ => [])];

    public void Dispose() => numbering.Dispose();

    public override void Notice(EntityRevision change)
    {
        if (change.Model == DeploymentKinds.Deployment.Model)
        {
            if (!change.Deleted && change.State != DeploymentStates.Removing) return;
            active.EndDeployment(
                IdText.Format("org", change.Tenant.Value), DeploymentKinds.Deployment.IdOf(change.Id), BuildErrors.DeploymentRemoved());
        }
        else if (change.Model == Kind.Model)
        {
            var isEnd = change.Deleted || ReleaseStates.IsEnd(change.State);
            if (isEnd && change.ChangedBy != Actor) active.End(Kind.IdOf(change.Id));
            else if (
                !isEnd && change.Transition is null && change.ChangedBy != Actor
                && stores.Releases.TryToResource(change) is { Spec.Source.Release: null } release)
                active.EndOlder(release, BuildErrors.Superseded(release.Name));
        }
    }

    public override async Task<TimeSpan?> ReconcileAsync(ReleaseResource release, CancellationToken cancellationToken)
    {
        switch (release.State)
        {
            case ReleaseStates.Queued:
                return await StartAsync(release, cancellationToken);
            case ReleaseStates.Building:
                await RequeueAsync(release, cancellationToken);
                break;
            case ReleaseStates.Ready or ReleaseStates.Failed when !release.Status.Reported:
                await ReportAsync(release, cancellationToken);
                break;
            case ReleaseStates.Cancelled when !release.Status.Reported:
                await ReportCancelledAsync(release, cancellationToken);
                break;
        }
        return null;
    }

    private async Task<TimeSpan?> StartAsync(ReleaseResource release, CancellationToken cancellationToken)
    {
        using var build = active.Add(release, cancellationToken);
        await using var log = new BuildLog(
            lines, StoreQueries.Tenant(release.Org), StoreQueries.Entity(Kind.IdPrefix, release.Id), time, logger);
        try
        {
            if (await CheckAsync(build, cancellationToken) is not { } deployment) return null;
            if (release.Spec.Source.Release is not null)
            {
                await BuildAsync(build, await ClaimAsync(release, deployment, build.Token), deployment, log, cancellationToken);
                return null;
            }
            var several = await AreSeveralOrganizationsAsync(cancellationToken);
            var taken = await queue.TakeAsync(
                StoreQueries.Tenant(release.Org), release.Id, several, x => ShowPlaceAsync(release, x, log, build.Token), build.Token);
            if (!taken.IsOk) return WatchInterval;
            using var place = taken.Value;
            // Again: the deployment may have changed while the build waited.
            if (await IsInAsync(release, ReleaseStates.Queued, build.Token) && await CheckAsync(build, cancellationToken) is { } now)
                await BuildAsync(build, await ClaimAsync(release, now, build.Token), now, log, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            log.Step(build.Reason is { } why ? Sentence(why) : "Cancelled.");
            await log.CompleteAsync();
            if (build.Reason is { } reason) await CancelAsync(release, reason, cancellationToken);
            else if (await IsGoneAsync(release, cancellationToken))
                await ClearCandidateAsync(release, $"Release {release.Name} was deleted before it was built.", cancellationToken);
        }
        return null;
    }

    /// <summary>The deployment, if the release may be built; otherwise the release is ended.</summary>
    private async Task<DeploymentResource?> CheckAsync(ActiveBuild build, CancellationToken cancellationToken)
    {
        var release = build.Release;
        var found = await stores.Deployments.GetAsync(CallerOf(release), release.Spec.Deployment, AsOf.Latest, cancellationToken);
        if (found.Error is { Kind: not ErrorKind.NotFound } fault) throw fault.ToException();
        if (!found.IsOk || found.Value.Project != release.Project)
        {
            await RefuseAsync(release, BuildErrors.DeploymentMissing(release.Spec.Deployment), cancellationToken);
            return null;
        }
        build.Belongs(found.Value);
        var reason = found.Value.State == DeploymentStates.Removing ? BuildErrors.DeploymentRemoved()
            : await NewerAsync(release, found.Value, cancellationToken) is { } newer ? BuildErrors.Superseded(newer.Name) : null;
        if (reason is not null) await CancelAsync(release, reason, cancellationToken);
        return reason is null ? found.Value : null;
    }

    private async Task<bool> AreSeveralOrganizationsAsync(CancellationToken cancellationToken)
    {
        var page = await stores.Organizations.ListAsync(new ResourceQuery(TenantId.Platform, Limit: 2), cancellationToken);
        return !page.IsOk || page.Value.Items.Count > 1;
    }

    private async Task<bool> IsInAsync(ReleaseResource release, string state, CancellationToken cancellationToken)
    {
        var now = await stores.Releases.GetAsync(CallerOf(release), release.Id, AsOf.Latest, cancellationToken);
        return now.Error is { Kind: not ErrorKind.NotFound } fault ? throw fault.ToException() : now.IsOk && now.Value.State == state;
    }

    private async Task<bool> IsGoneAsync(ReleaseResource release, CancellationToken cancellationToken) =>
        (await stores.Releases.GetAsync(
            CallerOf(release), release.Id, AsOf.Latest, cancellationToken)).Error is { Kind: ErrorKind.NotFound };

    private async Task ShowPlaceAsync(ReleaseResource release, int place, BuildLog log, CancellationToken cancellationToken)
    {
        log.Step(place == 1 ? "Queued: it is next in line" : $"Queued: {place - 1} {(place == 2 ? "build is" : "builds are")} before it");
        await TryChangeAsync(release, x => x with { Status = x.Status with { QueuePlace = place } }, null, cancellationToken);
    }

    /// <summary>Its server ended while it was built. A build that crashes the server must not be retried forever.</summary>
    private async Task RequeueAsync(ReleaseResource release, CancellationToken cancellationToken)
    {
        var times = release.Status.Interruptions + 1;
        if (times <= InterruptionsMax)
        {
            await ChangeAsync(release, x => x with { Status = x.Status with { Interruptions = times } }, "requeue", cancellationToken);
            return;
        }
        var message = Sentence(BuildErrors.Interrupted(times));
        await ReportAsync(
            await ChangeAsync(release, x => x with { Status = x.Status with { Interruptions = times, Message = message } }, "fail",
                cancellationToken), cancellationToken);
    }

    /// <summary>Numbers the release and copies the deployment's configuration; one at a time, so that numbers are unique.</summary>
    private async Task<ReleaseResource> ClaimAsync(
        ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        await numbering.WaitAsync(cancellationToken);
        try
        {
            var number = release.Status.Number > 0 ? release.Status.Number : 1
                + await HighestNumberAsync(release, deployment, cancellationToken);
            return await ChangeAsync(
                release, x => x with { Spec = TakeOver(x.Spec, deployment), Status = x.Status with { Number = number, QueuePlace = null } },
                "build", cancellationToken);
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

    private async Task BuildAsync(
        ActiveBuild build, ReleaseResource release, DeploymentResource deployment, BuildLog log, CancellationToken cancellationToken)
    {
        await SetCandidateAsync(release, deployment, cancellationToken);
        var started = time.GetTimestamp();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(build.Token);
        var watching = WatchAsync(build, release, ended.Token);
        var user = SecretUser.Of(StoreQueries.Tenant(release.Org), deployment);
        var built = release.Spec.Source.Release is null ? await BuildAsync(release, user, log, build.Token)
            : await other.MakeAsync(release, user, log, build.Token);
        BuildMetrics.Ended(
            time.GetElapsedTime(started).TotalSeconds, build.Token.IsCancellationRequested ? "cancelled" : built.IsOk ? "ok" : "failed");
        await ended.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        build.Token.ThrowIfCancellationRequested();
        if (!built.IsOk) log.Step($"Failed: {built.Error.Message}{(built.Error.NextStep is { } next ? " " + next : "")}");
        await log.CompleteAsync(); // the log is whole before the release's end can be seen
        var seconds = Math.Round(time.GetElapsedTime(started).TotalSeconds, 3);
        if (await NewerAsync(release, deployment, cancellationToken) is { } newer)
            await CancelAsync(release, BuildErrors.Superseded(newer.Name), cancellationToken);
        else if (
            await TryChangeAsync(
                release, x => Finish(x, built, log, seconds), built.IsOk ? "finish" : "fail", cancellationToken) is { } end)
            await ReportAsync(end, cancellationToken, built.IsOk ? built.Value.Replicas : null);
    }

    /// <summary>The feed signals at once when a build must end; this catches what the feed missed.</summary>
    private async Task WatchAsync(ActiveBuild build, ReleaseResource release, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(WatchInterval, time, cancellationToken);
            try
            {
                if (await IsInAsync(release, ReleaseStates.Building, cancellationToken)) continue;
                build.End(null);
                return;
            }
            catch (StrataException)
            {
                // The store cannot be reached for the moment.
            }
        }
    }

    private async Task<Result<BuiltRelease>> BuildAsync(
        ReleaseResource release, SecretUser user, BuildLog log, CancellationToken cancellationToken)
    {
        var config = new ReleaseConfig(release.Spec.Run!, release.Spec.Build!, release.Spec.Env!, release.Spec.Health!);
        try
        {
            var built = await builder.BuildAsync(
                new BuildJob(user, release.Id, release.Spec.Source, config), log, cancellationToken);
            return built.Error is { Code: DiskReserve.Code } full ? BuildErrors.Coded(full) : built;
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception or InvalidOperationException)
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
                SourceEnv = ReleaseVariables.Kept(built.Value.SourceEnv),
                Detected = built.Value.Detected,
                Image = built.Value.Image,
                ImageBytes = built.Value.ImageBytes,
                Static = built.Value.Static,
                Command = built.Value.Command,
                Port = built.Value.Port,
                BuildSeconds = seconds,
            },
        }
        : release with { Status = release.Status with { Message = UrlCredentials.Mask(Sentence(built.Error)),
            SourceRejected = BuildErrors.IsOfSource(built.Error), LogTail = log.Tail, BuildSeconds = seconds } };

    /// <summary>Ends a release that is no longer to be built; its deployment is not affected.</summary>
    private async Task CancelAsync(ReleaseResource release, Error reason, CancellationToken cancellationToken)
    {
        var ended = await TryChangeAsync(
            release, x => x with { Status = x.Status with { Message = Sentence(reason), QueuePlace = null, Reported = true } }, "cancel",
            cancellationToken);
        if (ended is not null) await ClearCandidateAsync(ended, null, cancellationToken);
    }

    /// <summary>A user has cancelled it.</summary>
    private async Task ReportCancelledAsync(ReleaseResource release, CancellationToken cancellationToken)
    {
        var message = release.Status.Message ?? Sentence(BuildErrors.Cancelled(release.UpdatedBy));
        await ClearCandidateAsync(
            release, $"Release {release.Name} was cancelled by {release.UpdatedBy} before it was built.", cancellationToken);
        await TryChangeAsync(release, x => x with { Status = x.Status with { Message = message, QueuePlace = null, Reported = true } },
            null, cancellationToken);
    }

    /// <param name="what">What the deployment says of it where nothing serves; null: a later release decides that.</param>
    private async Task ClearCandidateAsync(ReleaseResource release, string? what, CancellationToken cancellationToken)
    {
        var cleared = await stores.Deployments.ChangeAsync(
            CallerOf(release), release.Spec.Deployment, x =>
                x with { Status = BuildOutcome.Cleared(x, release, what) }, null, null, cancellationToken);
        if (cleared.Error is { Kind: not (ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.Invalid) } error) throw error.ToException();
    }

    /// <summary>Ends a release that was never built. Its deployment is not affected.</summary>
    private async Task RefuseAsync(ReleaseResource release, Error error, CancellationToken cancellationToken) =>
        await TryChangeAsync(
            release, x => x with { Status = x.Status with { Message = Sentence(error), QueuePlace = null, Reported = true } }, "fail",
            cancellationToken);

    private async Task ReportAsync(ReleaseResource release, CancellationToken cancellationToken, int? replicas = null)
    {
        var reported = release.State == ReleaseStates.Ready
            ? await PromoteAsync(release, replicas, cancellationToken)
            : await FailAsync(release, cancellationToken);
        if (reported.Error is { Kind: not (ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.Invalid) } error)
            throw error.ToException();
        await ChangeAsync(release, x => x with { Status = x.Status with { Reported = true } }, null, cancellationToken);
    }

    private ValueTask<Result<DeploymentResource>> PromoteAsync(
        ReleaseResource release, int? replicas, CancellationToken cancellationToken) =>
        stores.Deployments.ChangeAsync(
            CallerOf(release), release.Spec.Deployment, x =>
                BuildOutcome.Promoted(x, release, replicas), "promote", null, cancellationToken);

    /// <summary>Only the deployment's latest deploy decides its state.</summary>
    private ValueTask<Result<DeploymentResource>> FailAsync(ReleaseResource release, CancellationToken cancellationToken) =>
        stores.Deployments.ChangeAsync(
            CallerOf(release), release.Spec.Deployment, x => BuildOutcome.Failed(x, release), "fail", null, cancellationToken);

    private async Task SetCandidateAsync(ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        var set = await stores.Deployments.ChangeAsync(
            CallerOf(release), deployment.Id, x => x with { Status = BuildOutcome.WithCandidate(x, release.Id) }, null, null,
            cancellationToken);
        if (set.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
    }

    private async Task<ReleaseResource?> NewerAsync(
        ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        foreach (var other in await SiblingsAsync(release, deployment, cancellationToken))
        {
            if (ReleaseOrder.IsNewer(other, release) && Supersedes(other, release)) return other;
        }
        return null;
    }

    /// <summary>A change of variables ends no build: it fails while there is one.</summary>
    private static bool Supersedes(ReleaseResource newer, ReleaseResource release) =>
        newer.State is not (ReleaseStates.Failed or ReleaseStates.Cancelled)
        && (newer.Spec.Source.Release is null || release.Spec.Source.Release is not null);

    private async Task<int> HighestNumberAsync(ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        var highest = 0;
        foreach (var other in await SiblingsAsync(release, deployment, cancellationToken)) highest = Math.Max(highest, other.Status.Number);
        return highest;
    }

    private async Task<IEnumerable<ReleaseResource>> SiblingsAsync(
        ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        // With the numbers that other builds here have just taken.
        await views.Hub.CatchUpAsync(StoreQueries.Tenant(release.Org), cancellationToken);
        return views.AllReleasesOf(deployment);
    }

    private async Task<ReleaseResource> ChangeAsync(
        ReleaseResource release, Func<ReleaseResource, ReleaseResource> change, string? transition, CancellationToken cancellationToken)
    {
        var changed = await stores.Releases.ChangeAsync(CallerOf(release), release.Id, x => change(x), transition, null, cancellationToken);
        return changed.Value;
    }

    /// <summary>Null if it was ended or deleted meanwhile.</summary>
    private async Task<ReleaseResource?> TryChangeAsync(
        ReleaseResource release, Func<ReleaseResource, ReleaseResource> change, string? transition, CancellationToken cancellationToken)
    {
        var changed = await stores.Releases.ChangeAsync(CallerOf(release), release.Id, x => change(x), transition, null, cancellationToken);
        return changed.Error is { Kind: not (ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.Invalid) } error
            ? throw error.ToException() : changed.IsOk ? changed.Value : null;
    }

    private Caller CallerOf(ReleaseResource release) => CallerIn(StoreQueries.Tenant(release.Org));

    private static string Sentence(Error error) => error.NextStep is { } next ? $"{error.Message} {next}" : error.Message;
}
