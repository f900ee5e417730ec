using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Source;
using Strata.Entities.Conditions;
using Strata.Entities.Workflows;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Kinds;

/// <summary>The kinds of this module.</summary>
public static class DeploymentKinds
{
    public static readonly Kind<DeploymentSpec, DeploymentStatus> Deployment = new()
    {
        Name = "deployment",
        Plural = Plurals.Deployments,
        IdPrefix = "dep",
        Scope = KindScope.Project,
        Description = "A long-lived service: it runs one release, and each deploy creates a new one.",
        Workflow = KindWorkflow.Load(typeof(DeploymentKinds), "deployment.workflow.json"),
        InitialStatus = new DeploymentStatus(),
        Writers = [Roles.Developer],
        UserTransitions = ["rollback", "restart", "resize", "remove"],
        DeleteTransition = "remove",
        References = [new SpecReference("release", () => Release!)],
        ReferenceCheck = ReleaseChoice.CheckAsync,
        SetLater = ["release"],
        OwnsHostOfName = true,
        Validate = DeploymentChecks.Check,
    };

    public static readonly Kind<ReleaseSpec, ReleaseStatus> Release = new()
    {
        Name = "release",
        Plural = Plurals.Releases,
        IdPrefix = "rel",
        Scope = KindScope.Project,
        Description = "One immutable build of a deployment with its configuration; each deploy creates one.",
        Workflow = KindWorkflow.Load(typeof(DeploymentKinds), "release.workflow.json"),
        InitialStatus = new ReleaseStatus(),
        Writers = [Roles.Developer],
        UserTransitions = ["cancel"],
        UserChangesSpec = false, // a rollback, and rights to secrets, count on what was deployed
        OperatorsOnly = DeploymentChecks.CheckForOthers,
        DeleteCheck = ReleaseInUse.CheckAsync,
        References = [new SpecReference("deployment", Deployment)],
        LabelsAreInherited = true,
        Validate = DeploymentChecks.Check,
    };

    public static readonly Kind<RouteSpec, RouteStatus> Route = new()
    {
        Name = "route",
        Plural = Plurals.Routes,
        IdPrefix = "rte",
        Scope = KindScope.Project,
        Description = "A host and path prefix that route to a deployment, or to the cloud's API.",
        Workflow = KindWorkflow.Load(typeof(DeploymentKinds), "route.workflow.json"),
        InitialStatus = new RouteStatus(),
        Readers = [Roles.Viewer, Roles.Developer, Roles.Edge],
        Writers = [Roles.Developer],
        References = [new SpecReference("deployment", Deployment)],
        LabelsAreInherited = true,
        Hosts = new HostRule("spec.host", [Deployment]),
        OperatorsOnly = RouteChecks.CheckForOthers,
        ValidateChange = (was, next) => was.Api == next.Api
            ? [] : [new("api", "A host leads to the API, or it does not: remove the route, and add another.")],
        UniqueKeys = [new UniqueKeyDefinition("host and path", [JsonPath.Parse("$.spec.host"), JsonPath.Parse("$.spec.path")])],
        Validate = RouteChecks.Check,
    };

    /// <summary>
    /// What is wrong with the address of a git repository, as far as its text shows; the error does not contain the address. Null: nothing.
    /// </summary>
    public static Error? CheckGitAddress(string url) => GitAddress.Parse(url).Error;

    public static readonly IReadOnlyList<Kind> All = [Deployment, Release, Route];
}
