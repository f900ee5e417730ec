using Strata.Contracts;
using Strata.Deployments;
using Strata.Resources.Kinds;

namespace Strata.Server.Status;

/// <summary>
/// What is wrong with nodes and applications although every part of the server works. From memory: it costs the database nothing.
/// </summary>
internal static class WorkloadWarnings
{
    private const int NamedMax = 5;

    public static IEnumerable<StatusWarning> Of(DeploymentViews views, IReadOnlyList<string> notIsolated)
    {
        if (notIsolated.Count > 0)
            yield return new StatusWarning("isolation", string.Join(" ", notIsolated),
                "Run Strata as root on Linux with runc or crun: strata doctor says what is missing");
        var nodes = views.Nodes.Untyped.All(null);
        var down = nodes.Where(n => n.State != NodeStates.Up).Select(ResourceDocument.NameOf).Order(StringComparer.Ordinal).ToList();
        if (down.Count > 0)
        {
            yield return new StatusWarning(
                "nodes", $"{Names(down)} {(down.Count == 1 ? "is" : "are")} DOWN: no heartbeat of the agent{(down.Count == nodes.Count ? ", so nothing can be started" : "")}",
                "Start the server on that machine again, or forget the node: strata delete node/NAME");
        }
        var deployments = views.Deployments.Untyped.All(null).Where(d => d.State != DeploymentStates.Removing).ToList();
        var failed = deployments.Where(d => d.State == DeploymentStates.Failed).Select(ResourceDocument.NameOf)
            .Order(StringComparer.Ordinal).ToList();
        if (failed.Count > 0)
        {
            var what = failed.Count == deployments.Count
                ? "all applications fail" : $"{failed.Count} of {deployments.Count} applications fail";
            yield return new StatusWarning("applications", $"{what}: {Names(failed)}", "strata get deployments shows why of each");
        }
    }

    private static string Names(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(NamedMax)) + (names.Count > NamedMax ? $" and {names.Count - NamedMax} more" : "");
}
