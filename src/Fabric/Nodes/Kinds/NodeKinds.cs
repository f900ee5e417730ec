using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Kinds;

/// <summary>The kinds of this module.</summary>
public static class NodeKinds
{
    private const long MemoryBytesMin = 4 << 20;
    private const int CommandPartsMax = 256;

    public static readonly Kind<NodeSpec, NodeStatus> Node = new()
    {
        Name = "node",
        Plural = Plurals.Nodes,
        IdPrefix = "nod",
        Scope = KindScope.Platform,
        Description = "A machine that runs instances; its agent keeps it up to date.",
        Workflow = KindWorkflow.Load(typeof(NodeKinds), "node.workflow.json"),
        InitialStatus = new NodeStatus(),
        Readers = [Roles.Viewer, Roles.Developer, Roles.Agent, Roles.Edge],
        Controllers = [Roles.Agent],
        UserCreates = false,
        NodeField = "id",
    };

    public static readonly Kind<InstanceSpec, InstanceStatus> Instance = new()
    {
        Name = "instance",
        Plural = Plurals.Instances,
        IdPrefix = "ins",
        Scope = KindScope.Project,
        Description = "One running copy of a release on a node; created, drained and stopped by its deployment's rollout.",
        Workflow = KindWorkflow.Load(typeof(NodeKinds), "instance.workflow.json"),
        InitialStatus = new InstanceStatus(),
        Readers = [Roles.Viewer, Roles.Developer, Roles.Agent, Roles.Edge],
        Writers = [Roles.Developer],
        Controllers = [Roles.Agent],
        UserCreates = false,
        NodeField = "$.spec.node",
        UserChangesSpec = false,
        References = [new SpecReference("node", Node)],
        LabelsAreInherited = true,
        PrivateSpec = ["env"],
        Validate = Check,
        ValidateChange = CheckChange,
    };

    public static readonly IReadOnlyList<Kind> All = [Node, Instance];

    private static List<ValidationError> Check(InstanceSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Command.Count is 0 or > CommandPartsMax) faults.Add(new("command", $"It takes 1 to {CommandPartsMax} parts."));
        if (spec.Port is < 1 or > 65535) faults.Add(new("port", "It must be a port, 1 to 65535."));
        if (spec.MemoryBytes < MemoryBytesMin) faults.Add(new("memoryBytes", "It must be at least 4 MiB."));
        if (spec.Cpu is not (>= 0.01 and <= 1024)) faults.Add(new("cpu", "It must be 0.01 to 1024 cores."));
        if (spec.PidsMax is < 4 or > 1_000_000) faults.Add(new("pidsMax", "It must be 4 to 1000000."));
        if (spec.StopGraceSeconds is < 0 or > 3600) faults.Add(new("stopGraceSeconds", "It must be 0 to 3600."));
        if (!spec.Image.StartsWith("sha256:", StringComparison.Ordinal)) faults.Add(new("image", "It must be a digest, sha256:…"));
        return faults;
    }

    /// <summary>Placement sets the node once; everything else is immutable, so that what runs is what the entity says.</summary>
    private static IReadOnlyList<ValidationError> CheckChange(InstanceSpec was, InstanceSpec next)
    {
        if (was.Node is not null && was.Node != next.Node) return [new("node", "An instance cannot be moved; create another one.")];
        var same = JsonText.From(was with { Node = null }, WireJson.Of<InstanceSpec>()) == JsonText.From(
            next with { Node = null }, WireJson.Of<InstanceSpec>());
        return same ? [] : [new("", "An instance cannot be changed after its creation; create another one.")];
    }
}
