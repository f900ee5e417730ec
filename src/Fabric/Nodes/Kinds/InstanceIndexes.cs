using Strata.Resources.Informers;

namespace Strata.Nodes.Kinds;

/// <summary>How instances are found in their informer.</summary>
public static class InstanceIndexes
{
    public static readonly InformerIndex ByDeployment = InformerIndex.OfMember("deployment", isGlobal: false, "spec", "deployment");

    public static readonly InformerIndex ByNode = InformerIndex.OfMember("node", isGlobal: true, "spec", "node");
}
