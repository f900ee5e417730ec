using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Deployments.Variables;
using Strata.Entities.Engine;
using Strata.Secrets.Values;

namespace Strata.Deployments.Build;

/// <summary>
/// Makes a release of another one: the same image and settings, with the variables that the deployment has now. Nothing is built, so a
/// change of variables takes a moment, and a rollback takes it back. Safe for concurrent use.
/// </summary>
internal sealed class ReleaseOfRelease(DeploymentStores stores, DeploymentViews views, VariableResolver variables)
{
    /// <param name="release">Being made, with the deployment's variables.</param>
    public async ValueTask<Result<BuiltRelease>> MakeAsync(
        ReleaseResource release, SecretUser user, BuildLog log, CancellationToken cancellationToken)
    {
        var asked = release.Spec.Source.Release!;
        var caller = new Caller(user.Tenant, "controller:build");
        if (!(await stores.Deployments.GetAsync(caller, release.Spec.Deployment, AsOf.Latest, cancellationToken))
            .TryGet(out var deployment, out var error)) return error;
        var read = await stores.Releases.GetAsync(caller, asked, AsOf.Latest, cancellationToken);
        if (read.Error is { Kind: not ErrorKind.NotFound } fault) return fault;
        if (FaultOf(asked, read.IsOk ? read.Value : null, deployment) is { } unusable) return BuildErrors.ReleaseUnusable(unusable);
        if (await UnderWayAsync(release, deployment, cancellationToken) is { } building)
            return BuildErrors.BuildUnderWay(deployment.Name, building);
        var source = read.Value;
        if (await OtherFilesAsync(caller, source, deployment, cancellationToken) is { } current)
            return BuildErrors.OtherFiles(deployment.Name, current, source.Name);
        if (source.Status.SourceEnv is not { } ofSource) return BuildErrors.VariablesUnknown(source.Name);
        var merged = new Dictionary<string, string>(ofSource);
        foreach (var (name, value) in release.Spec.Env!) merged[name] = value;
        if (DeploymentChecks.FaultOf(merged) is { } wrong) return BuildErrors.VariablesInvalid(wrong);
        if (await variables.CheckAsync(merged, user, cancellationToken) is { } missing) return missing;
        log.Step($"Taking the files of {source.Name}");
        foreach (var line in Changes(source.Spec.Env ?? ofSource, merged)) log.Note(line);
        return new BuiltRelease
        {
            Detected = source.Status.Detected ?? "",
            Image = source.Status.Image!,
            ImageBytes = source.Status.ImageBytes,
            Static = source.Status.Static,
            Command = source.Status.Command,
            Port = source.Status.Port,
            Commit = source.Status.Commit,
            SourceEnv = ofSource,
            Config = new ReleaseConfig(
                source.Spec.Run ?? release.Spec.Run!, source.Spec.Build ?? release.Spec.Build!, merged,
                source.Spec.Health ?? release.Spec.Health!),
        };
    }

    /// <summary>
    /// The name of an earlier release that is being built, or that the deployment has not been promoted to yet: this one is later, would
    /// come instead of it, and would run older files. Null: no such release.
    /// </summary>
    private async ValueTask<string?> UnderWayAsync(
        ReleaseResource release, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        await views.Hub.CatchUpWithStoreAsync(StoreQueries.Tenant(release.Org), cancellationToken);
        return views.AllReleasesOf(deployment).FirstOrDefault(other =>
            other.Spec.Source.Release is null && ReleaseOrder.IsNewer(release, other)
                && (!ReleaseStates.IsEnd(other.State) || other is { State: ReleaseStates.Ready, Status.Reported: false }))?.Name;
    }

    /// <summary>
    /// The name of the release that the deployment runs or is to run, if that has other files: a deploy or a rollback has come since the
    /// caller looked, and must not be undone by a change of variables. Null: it has the same.
    /// </summary>
    private async ValueTask<string?> OtherFilesAsync(
        Caller caller, ReleaseResource source, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        if ((deployment.Spec.Release ?? deployment.Status.Release) is not { } id || id == source.Id) return null;
        var read = await stores.Releases.GetAsync(caller, id, AsOf.Latest, cancellationToken);
        if (read.Error is { Kind: not ErrorKind.NotFound } fault) throw fault.ToException();
        return read.IsOk && read.Value.Status.Image != source.Status.Image ? read.Value.Name : null;
    }

    /// <summary>Why a deployment's release cannot be made of another one; null: it can.</summary>
    /// <param name="source">Null: no release has this name or id.</param>
    private static string? FaultOf(string asked, ReleaseResource? source, DeploymentResource deployment)
    {
        if (source is null || source.Project != deployment.Project
            || (source.Spec.Deployment != deployment.Id && source.Spec.Deployment != deployment.Name))
            return $"The deployment \"{deployment.Name}\" has no release \"{asked.Shortened(80)}\".";
        return source is { State: ReleaseStates.Ready, Status.Image: not null } ? null
            : $"The release \"{source.Name}\" is {source.State} and cannot run.";
    }

    /// <summary>By name alone: a value may be none of the log's business.</summary>
    private static IEnumerable<string> Changes(IReadOnlyDictionary<string, string> before, Dictionary<string, string> after)
    {
        foreach (var (name, value) in after.OrderBy(x => x.Key, StringComparer.Ordinal))
        {
            if (!before.TryGetValue(name, out var old)) yield return $"{name} is added";
            else if (old != value) yield return $"{name} is changed";
        }
        foreach (var name in before.Keys.Except(after.Keys).Order(StringComparer.Ordinal)) yield return $"{name} is removed";
    }
}
