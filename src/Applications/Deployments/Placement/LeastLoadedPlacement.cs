namespace Strata.Deployments.Placement;

/// <summary>
/// The node with the fewest of the deployment's own instances, and among those the least loaded, so that the loss of one node affects as
/// little as possible.
/// </summary>
internal sealed class LeastLoadedPlacement : IPlacementStrategy
{
    public const string StrategyName = "least-loaded";

    public string Name => StrategyName;

    public string? Pick(InstanceNeed need, IReadOnlyList<NodeLoad> candidates) => candidates
        .OrderBy(x => x.Siblings).ThenBy(x => x.Load).ThenBy(x => x.Instances).ThenBy(x => x.Id, StringComparer.Ordinal)
        .FirstOrDefault()?.Id;
}
