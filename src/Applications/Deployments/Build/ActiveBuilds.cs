using System.Collections.Concurrent;
using Strata.Core;

namespace Strata.Deployments.Build;

/// <summary>
/// The builds that wait or run on this server, so that events elsewhere can end each of them at once. Safe for concurrent use.
/// </summary>
internal sealed class ActiveBuilds
{
    private readonly ConcurrentDictionary<string, ActiveBuild> builds = new(StringComparer.Ordinal);

    /// <param name="cancellationToken">Ends it too.</param>
    public ActiveBuild Add(ReleaseResource release, CancellationToken cancellationToken)
    {
        var build = new ActiveBuild(release, this, cancellationToken);
        builds[release.Id] = build;
        return build;
    }

    /// <summary>Ends one whose reason the caller already knows.</summary>
    public void End(string release)
    {
        if (builds.TryGetValue(release, out var build)) build.End(null);
    }

    /// <summary>Ends all builds of a deployment.</summary>
    public void EndDeployment(string org, string deployment, Error reason)
    {
        foreach (var build in builds.Values)
        {
            if (build.Release.Org == org && build.IsOf(deployment)) build.End(reason);
        }
    }

    /// <summary>Ends the builds of the same deployment that are older than this release.</summary>
    public void EndOlder(ReleaseResource newer, Error reason)
    {
        foreach (var build in builds.Values)
        {
            if (build.Release.Org == newer.Org && build.Release.Project == newer.Project && build.IsOf(newer.Spec.Deployment)
                && ReleaseOrder.IsNewer(newer, build.Release)) build.End(reason);
        }
    }

    internal void Remove(ActiveBuild build) => builds.TryRemove(new KeyValuePair<string, ActiveBuild>(build.Release.Id, build));
}

/// <summary>One build, from the queue to its end.</summary>
internal sealed class ActiveBuild : IDisposable
{
    private readonly ActiveBuilds all;
    private readonly CancellationTokenSource stop;
    private readonly Lock gate = new();
    private DeploymentResource? deployment;
    private bool isDisposed;

    internal ActiveBuild(ReleaseResource release, ActiveBuilds all, CancellationToken cancellationToken)
    {
        (Release, this.all) = (release, all);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = stop.Token;
    }

    public ReleaseResource Release { get; }

    /// <summary>Cancelled when the build must end.</summary>
    public CancellationToken Token { get; }

    /// <summary>Why it was ended; null: the release itself says so, or is gone.</summary>
    public Error? Reason { get; private set; }

    /// <summary>Its deployment, which the release may name by name or id.</summary>
    public void Belongs(DeploymentResource known)
    {
        lock (gate) deployment = known;
    }

    public bool IsOf(string nameOrId)
    {
        lock (gate) return Release.Spec.Deployment == nameOrId || deployment?.Id == nameOrId || deployment?.Name == nameOrId;
    }

    public void End(Error? reason)
    {
        lock (gate)
        {
            if (isDisposed || stop.IsCancellationRequested) return;
            Reason = reason;
        }
        // Off the feed's thread: what ends a build may take a moment.
        _ = Task.Run(Cancel);
    }

    public void Dispose()
    {
        all.Remove(this);
        lock (gate) isDisposed = true;
        stop.Dispose();
    }

    private void Cancel()
    {
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }
    }
}

/// <summary>Which of two deploys is later: that one decides, whichever is built first.</summary>
internal static class ReleaseOrder
{
    public static bool IsNewer(ReleaseResource a, ReleaseResource b) =>
        a.CreatedAt != b.CreatedAt ? a.CreatedAt > b.CreatedAt : string.CompareOrdinal(a.Id, b.Id) > 0;
}
