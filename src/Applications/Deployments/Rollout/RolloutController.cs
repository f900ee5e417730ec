using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Hosts;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Rollout;

/// <summary>
/// Brings each deployment to where it should be: observes, lets <see cref="RolloutDecision"/> decide, does it. Everything is decided from
/// scratch each time, so a step that was cut off or refused is found again.
/// </summary>
internal sealed class RolloutController(
    DeploymentStores stores, DeploymentViews views, RolloutObserver observer, RouteNames names, RolloutExecutor executor,
    DeploymentOptions options)
    : Controller<DeploymentSpec, DeploymentStatus>
{
    public const string Actor = "controller:rollout";

    /// <summary>The user has changed the deployment meanwhile; never leaves this class.</summary>
    private static readonly Error Stale = new(ErrorKind.Conflict, "ROLLOUT_STALE", "The deployment has changed since.");

    private readonly RolloutRules rules = RolloutRules.Default with { Drain = options.DrainTime, Kept = options.StoppedKept };

    public override string Name => "rollout";

    public override Kind<DeploymentSpec, DeploymentStatus> Kind => DeploymentKinds.Deployment;

    /// <summary>In case a signal was lost: changes wake it, and each run returns when to run again.</summary>
    public override TimeSpan Period => TimeSpan.FromMinutes(5);

    public override IReadOnlyList<Related> Related { get; } =
    [
        Resources.Controllers.Related.ById(NodeKinds.Instance, DeploymentKinds.Deployment, DeploymentOf),
        Resources.Controllers.Related.ById(DeploymentKinds.Release, DeploymentKinds.Deployment, DeploymentOf),
        Resources.Controllers.Related.ById(DeploymentKinds.Route, DeploymentKinds.Deployment, DeploymentOf),
        new(NodeKinds.Node, node => OnNode(views, node)),
    ];

    public override async Task<TimeSpan?> ReconcileAsync(DeploymentResource resource, CancellationToken cancellationToken)
    {
        var host = await names.HostAsync(resource.Name, resource.Org, cancellationToken);
        var observed = await observer.ObserveAsync(resource, cancellationToken);
        var caller = CallerIn(StoreQueries.Tenant(resource.Org));
        var plan = RolloutDecision.Decide(observed.View, rules);
        if (plan.Create is var (release, count))
            await executor.CreateAsync(caller, resource, observed.Releases[release], count, cancellationToken);
        var refused = await executor.RouteAsync(caller, resource, host, plan, cancellationToken);
        if (refused is { Code: HostErrors.TakenCode }) plan = plan with { Message = refused.Message };
        await executor.MoveAsync(caller, resource, plan, cancellationToken);
        if (plan.End is RolloutEnd.Removed) await executor.RemoveAsync(caller, resource, cancellationToken);
        else await ReportAsync(
            resource, observed, plan with { Static = IsStatic(observed.View, plan) }, names.Url(host), cancellationToken);
        return RolloutDecision.Sooner(plan.LookAgain, observed.LookAgain);
    }

    private async Task ReportAsync(
        DeploymentResource resource, Observed observed, RolloutPlan plan, string url, CancellationToken cancellationToken)
    {
        var transition = plan.End switch { RolloutEnd.Settle => "settle", RolloutEnd.Fail => "fail", _ => null };
        if (transition is null && IsSame(Reported(resource, observed, plan, url), resource)) return;
        var caller = CallerIn(StoreQueries.Tenant(resource.Org));
        var changed = await stores.Deployments.ChangeAsync(
            caller, resource.Id, x => IsStale(x, observed.View)
                ? Stale : Reported(x, observed, plan, url), transition, null, cancellationToken);
        if (changed.Error is { } error && error != Stale && error.Kind != ErrorKind.NotFound) throw error.ToException();
    }

    private static bool IsStatic(RolloutView view, RolloutPlan plan) =>
        plan.Serving is { } serving && view.Releases.GetValueOrDefault(serving) is { StaticImage: not null };

    private static bool IsStale(DeploymentResource now, RolloutView view) =>
        now.State != view.State || now.Spec.Release != view.Wanted || now.Spec.Generation != view.Generation
            || now.Spec.Run.Replicas != view.Replicas;

    private static DeploymentResource Reported(DeploymentResource deployment, Observed observed, RolloutPlan plan, string url)
    {
        var status = deployment.Status with { Url = url, ReadyReplicas = plan.Ready, Release = plan.Serving, Static = plan.Static };
        return plan.End switch
        {
            RolloutEnd.Settle => deployment with { Status = Ended(status, deployment.Spec.Release) with { Message = null } },
            RolloutEnd.Fail fail =>
                deployment with { Spec = deployment.Spec with { Release = plan.Serving ?? deployment.Spec.Release }, Status =
                    Ended(status, deployment.Spec.Release) with { Message = fail.Message } },
            _ => deployment with { Status = status with { Message = MessageOf(deployment, observed, plan) } },
        };
    }

    /// <summary>When nothing is rolled out, the message of the last deploy stays; the build has set it.</summary>
    private static string? MessageOf(DeploymentResource deployment, Observed observed, RolloutPlan plan) => deployment.State switch
    {
        DeploymentStates.Failed => deployment.Status.Message,
        DeploymentStates.Pending => deployment.Status.Message
            ?? (deployment.Status.Candidate is null ? DeployMessages.NoRelease(deployment.Name) : null),
        DeploymentStates.Running => plan.Message ?? VariablesToCome(deployment, observed),
        _ => plan.Message,
    };

    /// <summary>A release keeps the variables that it was built with, so that a rollback brings them back.</summary>
    private static string? VariablesToCome(DeploymentResource deployment, Observed observed) =>
        deployment.Spec.Release is { } id && observed.Releases.GetValueOrDefault(id) is { } release
        && ReleaseVariables.HaveChanged(deployment.Spec.Env, release)
            ? release.Status.Static ? DeployMessages.SiteVariablesChanged(release.Name)
            : DeployMessages.VariablesChanged(deployment.Name, release.Name) : null;

    private static DeploymentStatus Ended(DeploymentStatus status, string? release) => status.Candidate == release
        ? status with { Candidate = null } : status;

    /// <summary>By their text, because two lists with the same items are not equal.</summary>
    private static bool IsSame(DeploymentResource a, DeploymentResource b) =>
        JsonText.From(a.Status, WireJson.Of<DeploymentStatus>()) == JsonText.From(b.Status, WireJson.Of<DeploymentStatus>());

    private static string? DeploymentOf(EntityRevision revision) => ResourceDocument.ReadText(revision.Document, "spec", "deployment");

    /// <summary>The deployments that have instances on a node.</summary>
    private static IEnumerable<ResourceKey> OnNode(DeploymentViews views, EntityRevision node)
    {
        foreach (var instance in views.Instances.Untyped.Find(InstanceIndexes.ByNode, default, NodeKinds.Node.IdOf(node.Id)))
        {
            if (DeploymentOf(instance) is { } id && DeploymentKinds.Deployment.TryParseId(id, out var deployment))
                yield return new ResourceKey(instance.Tenant, deployment);
        }
    }
}
